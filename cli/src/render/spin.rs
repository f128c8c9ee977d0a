//! The manifest of the Spin component (<https://spinframework.dev/manifest-reference>).

use std::collections::BTreeMap;

use shared::gateway::Compiled;

use super::COMPONENT;

const HEAD: &str = r#"# The gateway on Fermyon Spin, made by `planoai render spin`. From here:
#   spin build    builds the component and puts the configuration into it
#   spin up       serves it on 127.0.0.1:3000
# A secret is a variable: SPIN_VARIABLE_OPENAI_API_KEY=… spin up
spin_manifest_version = 2

[application]
name = "plano-gateway"
description = "An AI gateway: one address for every model of every provider."
version = "0.1.0"
"#;

const TRIGGER: &str = r#"
[[trigger.http]]
route = "/..."
component = "gateway"
"#;

const BUILD: &str = r#"
[component.gateway.build]
command = "cargo xtask build spin"
watch = ["edge/spin/src/**/*.rs", "shared/src/**/*.rs"]
"#;

/// The whole manifest. What the configuration calls is all that the component may call.
pub(super) fn manifest(compiled: &Compiled) -> String {
    let required = compiled.variables().into_iter().map(|name| (name, "required = true"));
    let optional = compiled.optional_variables().into_iter().map(|name| (name, "default = \"\""));
    let names: BTreeMap<String, &str> =
        optional.chain(required).map(|(name, how)| (name.to_ascii_lowercase(), how)).collect();
    let declared = names.iter().map(|(name, how)| format!("{name} = {{ {how}, secret = true }}"));
    let given = names.keys().map(|name| format!("{name} = \"{{{{ {name} }}}}\""));
    let origins = compiled.origins();
    let origins = origins.iter().map(|origin| format!("\"{origin}\""));
    let hosts: Vec<String> = origins.chain(fetched(compiled)).collect();
    let component =
        [format!("source = {COMPONENT:?}"), format!("allowed_outbound_hosts = [{}]", hosts.join(", "))];
    [
        HEAD.to_owned(),
        section("variables", declared),
        TRIGGER.to_owned(),
        section("component.gateway", component.into_iter()),
        section("component.gateway.variables", given),
        BUILD.to_owned(),
    ]
    .concat()
}

/// What images and documents are fetched from. Spin takes the same patterns, and a scheme's own port for none.
fn fetched(compiled: &Compiled) -> impl Iterator<Item = String> {
    let fetch = compiled.fetch.iter();
    let schemes = |http: bool| if http { &["https", "http"][..] } else { &["https"] };
    fetch.flat_map(move |fetch| {
        let hosts = fetch.egress.hosts.iter();
        hosts.flat_map(move |host| {
            schemes(fetch.egress.http).iter().map(move |scheme| format!("\"{scheme}://{host}\""))
        })
    })
}

/// A table with these lines; nothing where there are none.
fn section(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| line + "\n").collect();
    if lines.is_empty() { lines } else { format!("\n[{title}]\n{lines}") }
}

#[cfg(test)]
mod tests {
    use shared::dialect::Dialect;
    use shared::egress::Egress;
    use shared::gateway::{CompiledProvider, Fetch};

    use super::*;

    #[test]
    fn the_component_may_call_what_is_configured_and_nothing_else() {
        let openai = Dialect::named("openai").map(CompiledProvider::usual).unwrap();
        let text = manifest(&Compiled::new(vec![openai]));
        assert!(text.contains("allowed_outbound_hosts = [\"https://api.openai.com\"]\n"), "{text}");
        assert!(text.contains("openai_api_key = { required = true, secret = true }\n"), "{text}");
        assert!(text.contains("openai_api_key = \"{{ openai_api_key }}\"\n"), "{text}");
        assert!(manifest(&Compiled::demo()).contains("allowed_outbound_hosts = []\n"));
        let chatgpt = Dialect::named("chatgpt").map(CompiledProvider::usual).unwrap();
        let text = manifest(&Compiled::new(vec![chatgpt]));
        assert!(text.contains("chatgpt_account_id = { default = \"\", secret = true }\n"), "{text}");
    }

    #[test]
    fn the_component_may_fetch_from_where_the_configuration_says() {
        let hosts = ["*.example.com", "h:8443"].map(|host| host.parse().unwrap()).to_vec();
        let fetch = Fetch { egress: Egress { hosts, ..Egress::default() }, ..Fetch::default() };
        let text = manifest(&Compiled { fetch: Some(fetch), ..Compiled::demo() });
        assert!(
            text.contains("allowed_outbound_hosts = [\"https://*.example.com\", \"https://h:8443\"]\n"),
            "{text}"
        );
    }
}
