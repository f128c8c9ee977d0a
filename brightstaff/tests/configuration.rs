//! Configurations as people write them, and what they are told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use brightstaff::configuration::{self, Host, Loaded};
use shared::api::Api;
use shared::dialect::{ANYTHING, DIALECTS, Dialect, Name};
use shared::gateway::{Account, AwsRole, AwsSource, Credential, Gateway, Serves};

const HEAD: &str = "version: v0.4.0\nlisteners: []\n";

/// Reads `text` under a head of two lines that every configuration needs, and compares the messages.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let told = match read(&format!("{HEAD}{text}")) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(told, expected, "{text}");
}

/// The same for warnings.
#[track_caller]
fn check_warnings(text: &str, expected: &[&str]) {
    let loaded = read(&format!("{HEAD}{text}")).unwrap();
    let told = loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told, expected, "{text}");
}

fn read(text: &str) -> Result<Loaded, configuration::Problems> {
    configuration::read_text("f", text, variables)
}

fn variables(name: &str) -> Option<String> {
    match name {
        "KEY" => Some("hunter2".to_owned()),
        "HOST" => Some("models.example.com".to_owned()),
        "PORT" => Some("8080".to_owned()),
        "TWO_LINES" => Some("a\nversion: v9".to_owned()),
        "BLANK" => Some(" ".to_owned()),
        "QUOTED" => Some("\"sk-1\"".to_owned()),
        "SINGLE" => Some("'sk-1'".to_owned()),
        "SCHEME" => Some("bearer sk-1".to_owned()),
        _ => None,
    }
}

fn open(text: &str) -> Gateway {
    read(&format!("{HEAD}{text}")).unwrap().compiled.open(variables).unwrap()
}

fn unserved(text: &str, host: Host) -> Vec<String> {
    read(text).unwrap().unserved_on(host).map(ToString::to_string).collect()
}

#[test]
fn unknown_keys_come_with_the_key_that_was_meant() {
    check(
        "modell_providers: []\nmodel_aliases: {a: {targett: b}}\nx: 1\n",
        &[
            "f:3:1: modell_providers: unknown key; did you mean `model_providers`?",
            "f:4:17: model_aliases.a: the key `target` is missing",
            "f:4:21: model_aliases.a.targett: unknown key; did you mean `target`?",
            "f:5:1: x: unknown key",
        ],
    );
}

#[test]
fn old_keys_come_with_their_new_names() {
    check(
        "listener: {}\nllm_providers:\n  - model: openai/a\n    provider: openai\n    api_key: $KEY\n",
        &[
            "f:3:1: listener: unknown key: `listener` is now `listeners`, a list: \
             `- {type: model, name: models, port: 12000}`",
            "f:6:5: llm_providers[0].provider: unknown key: `provider` now stands in front of the model: \
             `model: provider/model`",
            "f:7:5: llm_providers[0].api_key: unknown key: `api_key` is `access_key`",
        ],
    );
}

#[test]
fn values_have_their_types() {
    check(
        "model_providers: openai/gpt-4o\nmodel_aliases: []\nmode: promt\nsystem_prompt:\nlimits: {body_bytes: 0}\n",
        &[
            "f:3:1: model_providers: must be a list",
            "f:4:1: model_aliases: must be a mapping",
            "f:5:1: mode: `promt` is not one of `llm`, `prompt`; did you mean `prompt`?",
            "f:6:1: system_prompt: has no value: give it one, or leave the key out",
            "f:7:10: limits.body_bytes: must be at least 1",
        ],
    );
    check(
        "model_providers:\n  - model: openai/a\n    name: 5\n    access_key: $KEY\n    default: perhaps\n    apis: []\n",
        &[
            "f:5:5: model_providers[0].name: must be text: put it in quotes",
            "f:7:5: model_providers[0].default: must be true or false",
            "f:8:5: model_providers[0].apis: must not be empty",
        ],
    );
    check(
        "routing: {session_max_entries: 10001}\n",
        &["f:3:11: routing.session_max_entries: must be at most 10000"],
    );
    check("tracing: {random_sampling: much}\n", &["f:3:11: tracing.random_sampling: must be a whole number"]);
}

/// A default or a choice of a parameter may be a number, as the schema of Plano says (A16).
#[test]
fn a16_parameters_may_have_numbers() {
    check(
        "endpoints: {e: {endpoint: h}}\nprompt_targets:\n  - {name: t, description: d, endpoint: {name: e, path: /}, \
         parameters: [{name: n, description: d, type: int, default: 7, enum: [1, true, a]}]}\n",
        &[],
    );
}

#[test]
fn truth_has_all_the_words_of_yaml() {
    for word in ["true", "True", "yes", "on"] {
        assert!(
            open(&format!("model_providers: [{{model: demo/echo, default: {word}}}]")).providers[0].default
        );
    }
}

#[test]
fn names_are_unique() {
    check(
        "model_providers:\n  - model: openai/a\n    access_key: $KEY\n  - model: openai/a\n    access_key: $KEY\n",
        &["f:6:5: model_providers[1].model: the model `openai/a` is already at model_providers[0]"],
    );
    check(
        "model_providers:\n  - {model: openai/a, name: x, access_key: $KEY}\n  - {model: xai/b, name: x, access_key: $KEY}\n",
        &["f:5:20: model_providers[1].name: the name `x` is already at model_providers[0]"],
    );
    check(
        "model_providers:\n  - {model: openai/a, access_key: $KEY}\n  - {model: openai/a, name: x, access_key: $KEY}\n",
        &["f:5:6: model_providers[1].model: the model `openai/a` is already at model_providers[0]"],
    );
    check(
        "agents: [{id: a, url: http://h}]\nfilters: [{id: a, url: http://h}]\n",
        &["f:4:12: filters[0].id: the id `a` is already at agents[0]"],
    );
}

/// One model of two providers, and wildcards beside it, are no duplicates (A9).
#[test]
fn a9_models_of_two_providers_may_have_one_name() {
    check(
        "model_providers:\n  - {model: openai/a, access_key: $KEY}\n  - {model: openrouter/a, access_key: $KEY}\n",
        &[],
    );
}

#[test]
fn one_provider_is_the_default_and_names_a_model() {
    check(
        "model_providers:\n  - {model: openai/a, access_key: $KEY, default: true}\n  \
         - {model: openai/b, access_key: $KEY, default: true}\n  - {model: xai/*, access_key: $KEY, default: true}\n",
        &[
            "f:5:41: model_providers[1].default: only one provider can be the default, and `openai/a` is",
            "f:6:38: model_providers[2].default: only one provider can be the default, and `openai/a` is",
            "f:6:38: model_providers[2].default: a wildcard cannot be the default: it names no model",
        ],
    );
}

#[test]
fn providers_say_who_and_where_they_are() {
    check(
        "model_providers:\n  - model: azure_openai/a\n  - model: opena/b\n  - model: c\n  - model: xai/d-*\n    access_key: $KEY\n  \
         - model: mine/e\n    provider_interface: openai\n  - model: mine/f\n    base_url: 5\n  \
         - model: groq/g\n    provider_interface: openai\n",
        &[
            "f:4:5: model_providers[0]: needs `base_url`: where it is, like `https://RESOURCE.openai.azure.com`",
            "f:5:5: model_providers[1]: `opena` is no known provider: an address of your own needs `base_url` and \
             `provider_interface`; did you mean `openai`?",
            "f:6:5: model_providers[2].model: `c` must be `provider/model`, or `provider/*` for all of a provider's models",
            "f:7:5: model_providers[3].model: a `*` stands for all models of a provider: write `provider/*`",
            "f:9:5: model_providers[4]: needs `base_url`: where it is, like `https://api.example.com/v1`",
            "f:12:5: model_providers[5].base_url: must be text: put it in quotes",
            "f:14:5: model_providers[6].provider_interface: `groq` is a provider of its own: leave this out, or say where \
             with `base_url`",
        ],
    );
}

#[test]
fn addresses_are_checked() {
    let base =
        |url: &str| format!("model_providers: [{{model: openai/a, access_key: $KEY, base_url: '{url}'}}]\n");
    for wrong in ["ftp://h/v1", "h/v1", "https://u:hunter2@h/", "https://h/v1?a=b", "https://h:0/"] {
        let problems = read(&format!("{HEAD}{}", base(wrong))).unwrap_err().to_string();
        assert!(problems.starts_with("f:3:55: model_providers[0].base_url: `"), "{problems}");
        assert!(!problems.contains("hunter2"), "{problems}");
    }
    check_warnings(
        &base("http://10.0.0.1/v1"),
        &["f:3:55: model_providers[0].base_url: the key crosses the network in the open: use https"],
    );
    check_warnings(&base("http://127.0.0.1:1/v1"), &[]);
}

/// A provider that Plano only half knew can be used as any other, with its own address or yours (A7).
#[test]
fn a7_all_providers_can_be_configured() {
    for (model, base) in [
        ("minimax/m", "https://api.minimax.io/v1"),
        ("meta/m", "https://api.llama.com/compat/v1"),
        ("github/m", "https://models.github.ai/inference"),
        ("astraflow/m", "https://api-us-ca.umodelverse.ai/v1"),
        ("astraflow_cn/m", "https://api.modelverse.cn/v1"),
    ] {
        assert_eq!(
            open(&format!("model_providers: [{{model: {model}, access_key: $KEY}}]")).providers[0].base,
            base
        );
    }
    let as_before = "model_providers: [{model: minimax/m, provider_interface: openai, base_url: 'http://localhost:1', access_key: $KEY}]";
    let provider = &open(as_before).providers[0];
    assert_eq!((provider.dialect.id, provider.base.as_str()), ("openai", "http://localhost:1/v1"));
}

/// An address of your own may speak Anthropic's API, or several.
#[test]
fn addresses_of_your_own_speak_what_they_speak() {
    let text = "model_providers:\n  - {model: mine/a, base_url: 'https://h', provider_interface: anthropic}\n  \
                - {model: mine/b, base_url: 'https://h/x', provider_interface: openai, apis: [responses, messages]}\n";
    let gateway = open(text);
    let spoken = |index: usize| {
        let to = |client| gateway.providers[index].api_for(client, "m").unwrap().name();
        [Api::Completions, Api::Messages, Api::Responses].map(to)
    };
    assert_eq!(spoken(0), ["messages"; 3]);
    assert_eq!(spoken(1), ["responses", "messages", "responses"]);
    assert_eq!(
        (gateway.providers[0].base.as_str(), gateway.providers[1].base.as_str()),
        ("https://h/v1", "https://h/x")
    );
}

/// Where a provider is at AWS and Google Cloud follows from the region and the project, or is said (F6).
#[test]
fn f6_addresses_follow_from_regions() {
    let base = |entry: &str| open(&format!("model_providers: [{{{entry}}}]")).providers[0].base.clone();
    let key = "access_key: $KEY";
    assert_eq!(
        base(&format!("model: amazon_bedrock/m, region: eu-central-1, {key}")),
        "https://bedrock-runtime.eu-central-1.amazonaws.com"
    );
    assert_eq!(
        base(&format!("model: mine/m, provider_interface: amazon_bedrock, region: cn-north-1, {key}")),
        "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"
    );
    for (region, host) in [
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ] {
        let root = format!("https://{host}/v1/projects/p-1/locations/{region}");
        assert_eq!(base(&format!("model: vertex/m, region: {region}, project: p-1, {key}")), root);
    }
    let own = "base_url: 'https://vertex.example.com', region: global, project: p-1";
    assert_eq!(
        base(&format!("model: vertex/m, {own}, {key}")),
        "https://vertex.example.com/v1/projects/p-1/locations/global"
    );
    let whole = "base_url: 'https://h/v1/projects/p/locations/l'";
    assert_eq!(base(&format!("model: vertex/m, {whole}, {key}")), "https://h/v1/projects/p/locations/l");
}

/// What lacks for an address, or cannot be part of one, is told.
#[test]
fn addresses_need_their_parts() {
    let wrong = |entry: &str, message: &str| {
        let text = format!("{HEAD}model_providers: [{{{entry}, access_key: $KEY}}]\n");
        let problems = read(&text).unwrap_err().to_string();
        assert!(problems.contains(message), "{problems}");
    };
    wrong("model: amazon_bedrock/m", "needs `region`, or `base_url`: where it is, like `https://bedrock");
    wrong("model: vertex/m, region: global", "needs `project`: the address follows from it");
    wrong(
        "model: vertex/m, base_url: 'https://h', project: p",
        "needs `region`: the address follows from it",
    );
    wrong("model: vertex/m, project: p, region: 'a/b'", "region: `a/b` cannot be part of an address");
    wrong("model: openai/m, aws: {}", "aws: is for providers of AWS");
    wrong("model: amazon_bedrock/m, region: r-r-1, aws: {}", "aws: is one way to say who calls");
}

/// Requests to AWS are signed with keys in the usual variables unless others are said, for the region that is said or
/// that the address tells (F6).
#[test]
fn f6_signatures_have_keys_and_a_region() {
    let signer = |entry: &str| {
        let text = format!("model_providers: [{{model: amazon_bedrock/m, {entry}}}]");
        let compiled = read(&format!("{HEAD}{text}")).unwrap().compiled;
        let mut gateway = compiled.open(|name| Some(format!("{name}-value"))).unwrap();
        let Credential::Signature(signer) = gateway.providers.remove(0).credential else {
            panic!("{entry} does not sign");
        };
        let token = signer.session_token.as_ref().map(|token| token.expose().to_owned());
        (signer.id, signer.secret.expose().to_owned(), token, signer.region, signer.service)
    };
    let usual = |region: &str| {
        let (id, secret) = ("AWS_ACCESS_KEY_ID-value".to_owned(), "AWS_SECRET_ACCESS_KEY-value".to_owned());
        (id, secret, None, region.to_owned(), "bedrock")
    };
    assert_eq!(signer("region: us-west-2, aws: {}"), usual("us-west-2"));
    let vpc = "https://vpce-1-2.bedrock-runtime.eu-west-1.vpce.amazonaws.com";
    assert_eq!(signer(&format!("base_url: '{vpc}', aws: {{}}")), usual("eu-west-1"));
    let fips = "https://bedrock-runtime-fips.us-east-1.amazonaws.com";
    assert_eq!(signer(&format!("base_url: '{fips}', region: us-east-2, aws: {{}}")), usual("us-east-2"));
    let keys = "aws: {access_key_id: AKID, secret_access_key: $S, session_token: $T}";
    let given = ("AKID".to_owned(), "S-value".to_owned(), Some("T-value".to_owned()));
    let (id, secret, token, ..) = signer(&format!("region: us-west-2, {keys}"));
    assert_eq!((id, secret, token), given);
}

/// Keys in a profile are read where there are files, and refused where there are none.
#[test]
fn profiles_are_of_hosts_with_files() {
    let text =
        format!("{HEAD}model_providers: [{{model: amazon_bedrock/m, region: r-r-1, aws: {{profile: p}}}}]");
    let loaded = read(&text).unwrap();
    let why = "its credentials have to be renewed, which this host does not do: \
               give a key or a token by a variable";
    let told = format!("f:3:60: model_providers[0].aws: {why}");
    for host in Host::ALL {
        let refused: &[String] = if host == Host::Native { &[] } else { std::slice::from_ref(&told) };
        let told = loaded.refused_on(host).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!((told.as_slice(), unserved(&text, host)), (refused, Vec::new()));
    }
    let flaws = loaded.compiled.open(variables).unwrap_err();
    assert_eq!(flaws[0].to_string(), format!("provider `amazon_bedrock/m`: {why}"));
    check(
        "model_providers: [{model: amazon_bedrock/m, region: r-r-1, aws: {profile: p, access_key_id: $KEY}}]",
        &["f:3:78: model_providers[0].aws.access_key_id: is not used: `profile` has the keys"],
    );
}

/// What accounts lend has rules, and needs a host that renews it.
#[test]
fn accounts_are_of_hosts_that_renew() {
    let source = |aws: &str| {
        let text = format!("model_providers: [{{model: amazon_bedrock/m, region: r-r-1, aws: {aws}}}]");
        let mut gateway = read(&format!("{HEAD}{text}")).unwrap().compiled.open_lending(variables).unwrap();
        match gateway.providers.remove(0).credential {
            Credential::Account(Account::Aws { source, region, service: "bedrock" }) => (source, region),
            other => panic!("{other:?}"),
        }
    };
    let here = |source| (source, "r-r-1".to_owned());
    assert_eq!(source("{source: chain}"), here(AwsSource::Chain));
    assert_eq!(source("{profile: p}"), here(AwsSource::Profile("p".to_owned())));
    let role = |of, external_id: Option<&str>| {
        let external_id = external_id.map(str::to_owned);
        let arn = "arn:aws:iam::1:role/r".to_owned();
        here(AwsSource::Role(Box::new(AwsRole { arn, session_name: None, external_id, of })))
    };
    assert_eq!(source("{role_arn: 'arn:aws:iam::1:role/r'}"), role(AwsSource::Chain, None));
    assert_eq!(
        source("{role_arn: 'arn:aws:iam::1:role/r', source: instance, external_id: x}"),
        role(AwsSource::Instance, Some("x"))
    );
    for (entry, told) in [
        ("aws: {role_arn: r}", "aws.role_arn: must be like `arn:aws:iam::123456789012:role/NAME`"),
        ("aws: {external_id: x}", "aws.external_id: is of a role: it needs `role_arn`"),
        ("aws: {source: chain, profile: p}", "aws.source: is not used: `profile` has the keys"),
        (
            "aws: {source: chain, access_key_id: $KEY}",
            "aws.access_key_id: is not used: `source` has the keys",
        ),
        ("google: {}", "google: is not this provider's: it takes an `access_key`"),
    ] {
        let text = format!("{HEAD}model_providers: [{{model: amazon_bedrock/m, region: r-r-1, {entry}}}]");
        let wrong = read(&text).unwrap_err().to_string();
        assert!(wrong.ends_with(&format!("model_providers[0].{told}")), "{wrong}");
    }
    let both = "model_providers: [{model: vertex/m, region: r, project: p, access_key: $KEY, google: {}}]";
    let wrong = read(&format!("{HEAD}{both}")).unwrap_err().to_string();
    assert!(wrong.ends_with("google: is one way to say who calls: leave the other one out"), "{wrong}");

    let text = format!(
        "{HEAD}model_providers:\n- {{model: vertex/m, region: r, project: p, google: {{credentials_file: f}}}}\n\
         - {{model: azure_openai/m, base_url: 'https://h', azure: {{tenant_id: t}}}}\n\
         - {{model: amazon_bedrock/m, region: r-r-1, aws: {{role_arn: 'arn:aws:iam::1:role/r'}}}}\n"
    );
    let loaded = read(&text).unwrap();
    assert_eq!((unserved(&text, Host::Native), &loaded.warnings), (Vec::new(), &Vec::new()));
    for host in [Host::Envoy, Host::Worker, Host::Spin] {
        let told = loaded.refused_on(host);
        let keys: Vec<_> = told.iter().map(|told| told.key.as_str()).collect();
        let entry = |key: &str| format!("model_providers{key}");
        assert_eq!(keys, [entry("[0].google"), entry("[1].azure"), entry("[2].aws")]);
        assert!(
            told[0].message.contains("have to be renewed") && unserved(&text, host).is_empty(),
            "{told:?}"
        );
    }
    let flaws = read(&text).unwrap().compiled.open(variables).unwrap_err();
    assert_eq!(flaws.len(), 3);
    let tokens = |provider: &shared::gateway::Provider| format!("{:?}", provider.credential);
    let gateway = read(&text).unwrap().compiled.open_lending(variables).unwrap();
    assert!(tokens(&gateway.providers[0]).contains("Google { file: Some(\"f\") }"));
    assert!(tokens(&gateway.providers[1]).contains("Azure { tenant: Some(\"t\"), client: None }"));
}

/// Where the usual variables tell who and where, Bedrock and Vertex are served without a file.
#[test]
fn zero_configuration_finds_keys_and_regions() {
    let zero = |variables: &[(&str, &str)]| {
        let find =
            |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        let compiled = configuration::zero(find).compiled;
        let gateway = compiled.open(find).unwrap();
        gateway
            .providers
            .into_iter()
            .map(|provider| (provider.name, provider.base, provider.credential))
            .collect::<Vec<_>>()
    };
    let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_SESSION_TOKEN", "t")];
    let found = zero(&[&keys[..], &[("AWS_DEFAULT_REGION", "us-west-2")]].concat());
    let [(name, base, Credential::Signature(signer))] = &found[..] else { panic!("{found:?}") };
    assert_eq!((name.as_str(), signer.region.as_str()), ("amazon_bedrock/*", "us-west-2"));
    assert_eq!(base, "https://bedrock-runtime.us-west-2.amazonaws.com");
    assert!(signer.session_token.is_some());
    let key = [("AWS_BEARER_TOKEN_BEDROCK", "key"), ("AWS_REGION", "r-r-1")];
    assert!(matches!(&zero(&[&keys[..], &key].concat())[..], [(_, _, Credential::Key(_))]));
    let vertex = [("VERTEX_TOKEN", "t"), ("GOOGLE_CLOUD_PROJECT", "p"), ("GOOGLE_CLOUD_LOCATION", "global")];
    let [(_, base, _)] = &zero(&vertex)[..] else { panic!("vertex is not found") };
    assert_eq!(base, "https://aiplatform.googleapis.com/v1/projects/p/locations/global");
    for too_little in [&keys[..], &keys[1..], &vertex[..2], &[("AWS_REGION", "us-west-2")]] {
        assert_eq!(zero(too_little)[0].0, "demo/echo", "{too_little:?}");
    }
}

/// A subscription's provider is called with the caller's own token unless there is a key.
#[test]
fn a_subscription_takes_the_callers_token() {
    let gateway = open("model_providers: [{model: chatgpt/*}]");
    assert!(matches!(gateway.providers[0].credential, Credential::Passthrough));
}

/// Addresses that differ in their ports are two (A12).
#[test]
fn a12_addresses_with_other_ports_are_others() {
    let text = "model_providers:\n  - {model: a/x, base_url: 'http://h:1', provider_interface: openai}\n  \
                - {model: b/x, base_url: 'http://h:2', provider_interface: openai}\n  - {model: xai/*, access_key: $KEY}\n";
    let origins = read(&format!("{HEAD}{text}")).unwrap().compiled.origins();
    assert_eq!(
        origins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["http://h:1", "http://h:2", "https://api.x.ai"]
    );
}

#[test]
fn names_must_be_declared() {
    check(
        "agents: [{id: a, url: 'http://h'}]\nfilters: [{id: guard, url: 'http://h'}]\nmodel_aliases: {x: {target: gpt-4}}\n\
         model_providers: [{model: openai/gpt-4o, access_key: $KEY}]\nendpoints: {api: {endpoint: h}}\n\
         prompt_targets: [{name: t, description: d, endpoint: {name: apy, path: /}}]\n",
        &[
            "f:5:21: model_aliases.x.target: there is no model `gpt-4`; did you mean `gpt-4o`?",
            "f:8:55: prompt_targets[0].endpoint.name: there is no endpoint `apy`; did you mean `api`?",
        ],
    );
    let text = "version: v0.4.0\nfilters: [{id: guard, url: 'http://h'}]\nlisteners:\n  - type: model\n    name: m\n    \
                input_filters: [gard]\n  - type: agent\n    name: a\n    port: 1\n    agents: [{id: nobody, description: d}]\n";
    let told = read(text).unwrap_err().to_string();
    assert_eq!(
        told,
        "f:6:21: listeners[0].input_filters[0]: there is no filter `gard`; did you mean `guard`?"
    );
    let loaded = read(&text.replace("[gard]", "[guard]")).unwrap();
    assert_eq!(
        loaded.warnings[0].to_string(),
        "f:10:15: listeners[1].agents[0].id: there is no agent `nobody`"
    );
}

/// What is most often wrong with a key: a name without its `$`, `Bearer`, a bracket that was forgotten, nothing at all.
#[test]
fn keys_that_cannot_be_what_was_meant_are_told() {
    let entry = |key: &str| format!("model_providers: [{{model: openai/m, access_key: {key}}}]\n");
    let at = "f:3:37: model_providers[0].access_key";
    for (key, told) in [
        ("OPENAI_API_KEY", "looks like a variable's name, and the key is what it holds: put a `$` in front"),
        ("'bearer $KEY'", "goes out with `Bearer` in front wherever that belongs: leave it out"),
        (
            "sk-written",
            "the key itself is in the file, and in everything that is made from it: `$NAME` keeps it out",
        ),
    ] {
        check_warnings(&entry(key), &[&format!("{at}: {told}")]);
    }
    let torn = "has a `${` that begins no variable: it is `${NAME}`, and `$$` is a dollar";
    for (key, told) in [
        ("'${KEY'", torn),
        ("'${KEY}-${a b}'", torn),
        ("''", "has no value: give it one, or leave the key out"),
        ("' '", "has no value: give it one, or leave the key out"),
    ] {
        check(&entry(key), &[&format!("{at}: {told}")]);
    }
    check(
        "model_providers: [{model: openai/m, base_url: 'https://${HOST', access_key: $KEY}]\n",
        &[&format!("f:3:37: model_providers[0].base_url: {torn}")],
    );
    check(&entry("'$${KEY'"), &[]);
}

/// Addresses are copied from examples that call one operation.
#[test]
fn addresses_of_operations_are_told() {
    let entry =
        |url: &str| format!("model_providers: [{{model: openai/m, base_url: '{url}', access_key: $KEY}}]\n");
    let why = "is the root of the API, and requests go to paths behind it: leave `/chat/completions` out";
    check_warnings(
        &entry("https://h/v1/chat/completions"),
        &[&format!("f:3:37: model_providers[0].base_url: {why}")],
    );
    check_warnings(&entry("https://h/v1/"), &[]);
}

/// Providers have the names that other gateways' configurations have for them, too.
#[test]
fn providers_have_their_usual_names() {
    for (name, id) in [
        ("bedrock", "amazon_bedrock"),
        ("azure", "azure_openai"),
        ("moonshot", "moonshotai"),
        ("zai", "zhipu"),
        ("dashscope", "qwen"),
        ("lmstudio", "lm_studio"),
    ] {
        assert_eq!(Dialect::named(name).map(|dialect| dialect.id), Some(id));
    }
}

/// A bracket that was forgotten is only noticed at what cannot stand in it.
#[test]
fn a_bracket_that_is_still_open_is_told() {
    let told = |text: &str| read(text).unwrap_err().to_string();
    let text =
        "version: v0.4.0\nlisteners:\n  - {type: model, name: m\nmodel_providers:\n  - model: openai/m\n";
    let why = told(text);
    assert!(
        why.starts_with("f:5:3: is no YAML: ") && why.ends_with("; the `{` in line 3 is still open here"),
        "{why}"
    );
    assert!(told("version: v0.4.0\nlisteners: [a\n").ends_with("; the `[` in line 2 is still open here"));
    assert!(!told("version: v0.4.0\n\tlisteners: []\n").contains("still open"));
}

/// A parser says what it had to see; what was forgotten stands behind it.
#[test]
fn wrong_indentation_is_told() {
    let told = |text: &str| read(&format!("version: v0.4.0\n{text}")).unwrap_err().to_string();
    let entry = "model_providers:\n  - model: openai/a\n";
    let between = told(&format!("{entry}   access_key: $KEY\n"));
    assert!(
        between.ends_with("; this line begins in column 4, and what is open above it in 1, 3, 5"),
        "{between}"
    );
    let without_dash = told(&format!("{entry}  access_key: $KEY\n"));
    assert!(without_dash.ends_with("; each entry of a list begins with `- `"), "{without_dash}");
    let colon = told(&format!("{entry}    name: a: b\n"));
    assert!(colon.contains("; a value with `: ` in it needs quotes"), "{colon}");
}

/// What providers call their models is known, and what an alias may stand for.
#[test]
fn a_model_that_was_meant_is_told() {
    let must = "must be `provider/model`, or `provider/*` for all of a provider's models";
    check(
        "model_list: []\nmodel_providers:\n- model: gpt-4o\n- model: mine\n- {model: openai/a, access_key: $KEY}\n\
         model_aliases: {fast: {target: openai/a}, slow: {target: fast}}\n",
        &[
            "f:3:1: model_list: unknown key: `model_list` is `model_providers`",
            &format!("f:5:3: model_providers[0].model: `gpt-4o` {must}; did you mean `openai/gpt-4o`?"),
            &format!("f:6:3: model_providers[1].model: `mine` {must}"),
            "f:8:50: model_aliases.slow.target: `fast` is an alias itself: name the model, `openai/a`",
        ],
    );
    check(
        "model_providers: [{model: 'xai:grok-4', timeout: 3}]\n",
        &[
            &format!("f:3:20: model_providers[0].model: `xai:grok-4` {must}; did you mean `xai/grok-4`?"),
            "f:3:41: model_providers[0].timeout: unknown key: `timeout` is the listener's: \
             `listeners: [{…, timeout: 300s}]`",
        ],
    );
}

#[test]
fn an_alias_may_name_what_a_wildcard_has() {
    let providers = "model_providers: [{model: anthropic/*, access_key: $KEY}]\n";
    check(
        &format!("{providers}model_aliases: {{a: {{target: anthropic/x}}, b: {{target: claude-x}}}}\n"),
        &[],
    );
    let told = "f:4:21: model_aliases.a.target: there is no model `openai/x`";
    check(&format!("{providers}model_aliases: {{a: {{target: openai/x}}}}\n"), &[told]);
}

#[test]
fn listeners_have_what_they_need() {
    let text = "version: v0.4.0\nlisteners:\n  - {type: agent, name: a}\n  - {type: model, name: m, port: 70000}\n  \
                - {type: model, name: m, address: here, timeout: 5}\n  - {type: prompt, name: p, timeout: 5 minutes}\n";
    let told = read(text).unwrap_err().to_string();
    let expected = [
        "f:3:5: listeners[0].port: an agent listener needs a `port`",
        "f:4:28: listeners[1].port: must be at most 65535",
        "f:5:6: listeners[2].type: there can be one listener for models, and this is another",
        "f:5:19: listeners[2].name: the name `m` is already at listeners[1]",
        "f:5:28: listeners[2].address: `here` is no IP address to listen on",
        "f:5:43: listeners[2].timeout: must be text like `300s`",
        "f:6:29: listeners[3].timeout: `5 minutes` is no duration: write it like `30s`, `250ms` or `5m`",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}

/// One listener without its list is no older form.
#[test]
fn listeners_are_a_list() {
    let told = |listeners: &str| {
        read(&format!("version: v0.4.0\nlisteners: {listeners}\n")).unwrap_err().to_string()
    };
    for listeners in ["{type: model, name: m, port: 1}", "{models: {type: model, port: 1}}"] {
        assert_eq!(told(listeners), "f:2:1: listeners: must be a list: each entry begins with `- `");
    }
    assert_eq!(
        told("{egress_traffic: {port: 1}, ingres_traffic: {}}"),
        "f:2:40: listeners.ingres_traffic: unknown key; did you mean `ingress_traffic`?"
    );
}

/// Listeners are on loopback unless an address is said, and there is one for models in any case.
#[test]
fn listeners_are_on_loopback() {
    let listeners =
        read("version: v0.1\nlisteners: {ingress_traffic: {timeout: 30s}}\n").unwrap().compiled.listeners;
    let told =
        listeners.iter().map(|listener| (listener.address.to_string(), listener.port)).collect::<Vec<_>>();
    assert_eq!(told, [("127.0.0.1".to_owned(), 10000), ("127.0.0.1".to_owned(), 12000)]);
    let listeners = read("version: v0.1\nlisteners: {egress_traffic: {address: 0.0.0.0, port: 1}}\n")
        .unwrap()
        .compiled
        .listeners;
    assert_eq!((listeners.len(), listeners[0].address.is_unspecified(), listeners[0].port), (1, true, 1));
}

#[test]
fn keep_alives_are_times_or_off() {
    let keep_alive = |rest: &str| {
        let text = format!("version: v0.4.0\nlisteners: [{{type: model, name: m{rest}}}]\n");
        read(&text).map(|read| read.compiled.listeners[0].keep_alive).ok()
    };
    assert_eq!(keep_alive(""), Some(Some(Duration::from_secs(15))));
    assert_eq!(keep_alive(", keep_alive: 250ms"), Some(Some(Duration::from_millis(250))));
    assert_eq!(keep_alive(", keep_alive: off"), Some(None));
    assert_eq!(keep_alive(", keep_alive: 0s"), None);
}

#[test]
fn both_names_of_the_providers_are_one_too_many() {
    let entry = "[{model: openai/a, access_key: $KEY}]";
    let told = "f:3:1: llm_providers: is the old name of `model_providers`, and both are there: move its entries over";
    check(&format!("llm_providers: {entry}\nmodel_providers: {entry}\n"), &[told]);
    check(&format!("llm_providers: {entry}\n"), &[]);
}

#[test]
fn other_parts_have_their_rules_too() {
    check(
        "state_storage: {type: postgres}\nrouting: {session_cache: {type: redis}}\noverrides: {use_agent_orchestrator: true, \
         upstream_connect_timeout: soon}\ntracing: {opentracing_grpc_endpoint: 'https://h/x'}\n",
        &[
            "f:3:1: state_storage: `postgres` needs a `connection_string`",
            "f:4:11: routing.session_cache: `redis` needs a `url`",
            "f:5:13: overrides.use_agent_orchestrator: needs exactly one endpoint, agent or filter, and there are 0",
            "f:5:43: overrides.upstream_connect_timeout: `soon` is no duration: write it like `30s`, `250ms` or `5m`",
            "f:6:11: tracing.opentracing_grpc_endpoint: must be like `http://localhost:4317`: http, a host, and no path",
        ],
    );
}

/// What is fetched from where must make sense, and hosts that cannot keep to it say so.
#[test]
fn fetching_has_its_rules() {
    check(
        "fetch:\n  hosts: [h, 'https://h/', '*h']\n  private_networks: [10.0.0.0/8, 10.0.0.0/99, 169.254.0.0/16]\n  \
         timeout: soon\n",
        &[
            "f:4:14: fetch.hosts[1]: `https://h/` is no host: write it like `images.example.com`, `*.example.com` or `*`",
            "f:4:28: fetch.hosts[2]: `*h` is no host: write it like `images.example.com`, `*.example.com` or `*`",
            "f:5:34: fetch.private_networks[1]: `10.0.0.0/99` is no network: write it like `10.0.0.0/8` or `fd00::/8`",
            "f:5:47: fetch.private_networks[2]: `169.254.0.0/16` is where clouds tell secrets: it is never called",
            "f:6:3: fetch.timeout: `soon` is no duration: write it like `30s`, `250ms` or `5m`",
        ],
    );
    check(
        "fetch: {http: true, files: 0}\n",
        &["f:3:1: fetch: the key `hosts` is missing", "f:3:21: fetch.files: must be at least 1"],
    );
    let text = format!("{HEAD}fetch: {{hosts: ['*'], private_networks: [10.0.0.0/8]}}\n");
    let fetch = read(&text).unwrap().compiled.fetch.unwrap();
    assert_eq!((fetch.files, fetch.timeout), (20, std::time::Duration::from_secs(10)));
    let unserved =
        |host| unserved(&text, host).into_iter().map(|told| told.split(": ").nth(1).unwrap().to_owned());
    assert_eq!(unserved(Host::Native).count(), 0);
    assert_eq!(unserved(Host::Worker).collect::<Vec<_>>(), ["fetch.private_networks"]);
    assert_eq!(unserved(Host::Spin).collect::<Vec<_>>(), ["fetch.private_networks"]);
    assert_eq!(unserved(Host::Envoy).collect::<Vec<_>>(), ["fetch", "fetch.private_networks"]);
}

#[test]
fn variables_expand_in_values_only() {
    let text = "version: v0.4.0\nlisteners: [{type: model, name: m, port: $PORT}]\nmodel_providers:\n  \
                - {model: mine/a, name: '$TWO_LINES', base_url: 'https://${HOST}/v1', provider_interface: openai}\n";
    let compiled = read(text).unwrap().compiled;
    assert_eq!(compiled.listeners[0].port, 8080);
    assert_eq!(compiled.providers[0].base, "https://models.example.com/v1");
    assert_eq!(compiled.providers[0].name, "a\nversion: v9", "what a variable holds is no YAML");
    check("$KEY: 1\n", &["f:3:1: \"$KEY\": unknown key"]);
    check(
        "model_providers: [{model: '$ABSENT/${MISSING}'}]\n",
        &[
            "f:3:20: model_providers[0].model: no variable in the environment is called `$ABSENT`, `$MISSING`; `$$` is a dollar",
        ],
    );
}

/// Prose has dollars in it: what is no variable stays.
#[test]
fn dollars_of_prose_stay() {
    check_warnings("system_prompt: It costs $5, or 5$, or $$HOST\n", &[]);
    let told =
        "f:3:1: system_prompt: `$AMOUNT` stays as it is, for no variable is called that; `$$` is a dollar";
    check_warnings("system_prompt: It costs $AMOUNT at $HOST\n", &[told]);
}

/// What is wrong with a key is told when the gateway starts, not by each request, and the key is not shown.
#[test]
fn keys_that_cannot_be_right_are_told() {
    for (variable, why) in [
        ("TWO_LINES", "its key has characters that no header may have"),
        ("QUOTED", "its key is in quotes: leave them out"),
        ("SINGLE", "its key is in quotes: leave them out"),
        ("SCHEME", "its key begins with `Bearer `, which is put in front of it: leave it out"),
    ] {
        let text = format!("{HEAD}model_providers: [{{model: openai/a, access_key: ${variable}}}]\n");
        let flaws = read(&text).unwrap().compiled.open(variables).unwrap_err();
        let told = flaws.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told, [format!("provider `openai/a`: {why}")]);
    }
}

#[test]
fn variables_of_secrets_that_are_not_set_are_listed() {
    let text = "model_providers: [{model: openai/a, access_key: '$ABSENT', headers: {x-a: 'a $BLANK'}}]\n\
                state_storage: {type: postgres, connection_string: 'postgresql://u:$PASSWORD@h/d'}\n";
    let loaded = read(&format!("{HEAD}{text}")).unwrap();
    let told = loaded.unset.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            "f:3:37: model_providers[0].access_key: the variable `ABSENT` is not set",
            "f:3:70: model_providers[0].headers.x-a: the variable `BLANK` is not set",
            "f:4:33: state_storage.connection_string: the variable `PASSWORD` is not set",
        ]
    );
    let flaws = loaded.compiled.open(variables).unwrap_err();
    let told = flaws.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            "provider `openai/a`: the variable `ABSENT` is not set",
            "provider `openai/a`, header `x-a`: the variable `BLANK` is not set",
        ]
    );
}

/// Neither the compiled form, nor what can be printed, nor a message has a secret in it.
#[test]
fn secrets_stay_secret() {
    let text = "model_providers:\n  - {model: openai/a, access_key: $KEY, headers: {x-a: 'Basic ${KEY}'}}\n\
                backend: {url: 'https://h', token: $KEY}\n";
    let loaded = read(&format!("{HEAD}{text}")).unwrap();
    let compiled = serde_json::to_string(&loaded.compiled).unwrap();
    assert!(compiled.contains("$KEY") && !compiled.contains("hunter2"), "{compiled}");
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let gateway = loaded.compiled.open(variables).unwrap();
    assert!(!format!("{gateway:?}").contains("hunter2"), "{gateway:?}");
    let Credential::Key(key) = &gateway.providers[0].credential else { panic!("no key") };
    assert_eq!(key.expose(), "hunter2");
    assert_eq!(gateway.providers[0].headers[0].1, "Basic hunter2");
    assert_eq!(gateway.backend.unwrap().token.unwrap(), "Bearer hunter2");
}

/// A key that somebody wrote into the file is shown by nothing but the compiled form, and warned of.
#[test]
fn written_keys_are_warned_of() {
    let text = "model_providers:\n  - {model: openai/a, access_key: hunter2}\n";
    let loaded = read(&format!("{HEAD}{text}")).unwrap();
    assert!(loaded.warnings[0].message.starts_with("the key itself is in the file"));
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let broken = read(&format!("{HEAD}{text}x: 1\n")).unwrap_err();
    assert!(!format!("{broken:?} {broken}").contains("hunter2"));
}

#[test]
fn keys_that_will_not_be_used_are_warned_of() {
    check_warnings(
        "model_providers:\n  - {model: openai/a, access_key: $KEY, passthrough_auth: true}\n  - model: xai/*\n",
        &[
            "f:4:23: model_providers[0].access_key: is not used: `passthrough_auth` sends the caller's own credential",
            "f:5:5: model_providers[1]: has no `access_key`, such as `$XAI_API_KEY`: the provider will refuse",
        ],
    );
}

#[test]
fn what_is_not_served_is_named_by_host() {
    let text = "version: v0.3.0\nlisteners:\n  - {type: model, name: m, port: 12000}\n  - {type: prompt, name: p}\ntracing: {random_sampling: 1}\n\
                model_providers:\n  - {model: openai/*, access_key: $KEY, base_url: 'https://h', http_host: i}\n";
    let everywhere = [
        "f:4:6: listeners[1].type: `prompt` listeners are not served yet",
        "f:5:1: tracing: is not served yet",
    ];
    assert_eq!(unserved(text, Host::Native), everywhere);
    assert_eq!(unserved(text, Host::Envoy), everywhere);
    let worker = [
        "f:3:28: listeners[0].port: is the platform's to decide",
        everywhere[0],
        everywhere[1],
        "f:7:64: model_providers[0].http_host: cannot be set here: the platform sends the address's own",
    ];
    assert_eq!(unserved(text, Host::Worker), worker);
    assert_eq!(unserved(text, Host::Spin), worker);
    let alive =
        |time: &str| format!("version: v0.4.0\nlisteners: [{{type: model, name: m, keep_alive: {time}}}]\n");
    let told = [
        "f:2:36: listeners[0].keep_alive: is not served here: a filter cannot write while the provider is silent",
    ];
    assert_eq!(unserved(&alive("5s"), Host::Envoy), told);
    assert!(
        unserved(&alive("5s"), Host::Worker).is_empty() && unserved(&alive("off"), Host::Envoy).is_empty()
    );
}

#[test]
fn preferences_of_providers_have_their_time() {
    let text = "version: v0.4.0\nlisteners: []\nmodel_providers:\n  \
                - {model: openai/a, access_key: $KEY, routing_preferences: [{name: code, description: d}]}\n";
    assert!(read(text).unwrap().warnings[0].message.starts_with("is read up to version v0.3.0 only"));
    assert_eq!(read(&text.replace("v0.4.0", "v0.3.0")).unwrap().warnings, []);
    let told = read(&text.replace("openai/a", "openai/*")).unwrap_err().to_string();
    assert!(
        told.contains("model_providers[0].routing_preferences: a wildcard cannot have preferences"),
        "{told}"
    );
}

/// Zero configuration serves every provider whose key is there, and a model of its own where there is none.
#[test]
fn without_a_file_the_keys_of_the_environment_are_served() {
    let with = |names: &'static [&str]| move |name: &str| names.contains(&name).then(|| "k".to_owned());
    let loaded = configuration::zero(with(&[
        "ANTHROPIC_API_KEY",
        "GROQ_API_KEY",
        "GITHUB_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
    ]));
    let told = loaded
        .compiled
        .providers
        .iter()
        .map(|entry| (entry.name.as_str(), entry.base.as_str()))
        .collect::<Vec<_>>();
    assert_eq!(
        told,
        [("anthropic/*", "https://api.anthropic.com/v1"), ("groq/*", "https://api.groq.com/openai/v1")]
    );
    let demo = configuration::zero(|_| Some(" ".to_owned())).compiled.open(|_| None).unwrap();
    let resolved = demo.resolve("").unwrap();
    assert!(resolved.provider.is_demo() && resolved.model == "echo");
    assert_eq!(demo.providers[0].serves, Serves::Exact("echo".to_owned()));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let problems = configuration::read(Path::new("/nowhere/config.yaml")).unwrap_err().to_string();
    assert!(problems.starts_with("/nowhere/config.yaml:1:1: cannot be read: "), "{problems}");
}

#[test]
fn no_text_is_a_crash() {
    for text in [
        "",
        "-",
        "a",
        "[]",
        "{}",
        "version:",
        "version: v0.4.0\nlisteners: {a: {}}\n",
        "a: *b",
        "%",
        "\u{0}",
        "'",
    ] {
        assert!(!read(text).unwrap_err().0.is_empty(), "{text}");
    }
}

/// The schema that is published is that of the types. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn the_published_schema_is_up_to_date() {
    expect(&root().join("config/schema.json"), &format!("{:#}\n", configuration::schema()));
}

/// The documentation has the table of providers as it is. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn the_table_of_providers_is_documented() {
    let file = root().join("docs/configuration.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(TABLE_HEAD).unwrap();
    let after = rest.find("\n\n").map_or("", |end| &rest[end..]);
    let rows = DIALECTS.iter().filter(|dialect| dialect.id != "demo").map(row).collect::<Vec<_>>();
    let now = format!("{before}{TABLE_HEAD}{}{after}", rows.join("\n"));
    expect(&file, &now);
}

/// And the table of what each has besides answers.
#[test]
fn what_providers_have_besides_answers_is_documented() {
    const HEAD: &str = "| provider | has |\n|---|---|\n";
    let file = root().join("docs/operations.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(HEAD).unwrap();
    let after = rest.find("\n\n").map_or("", |end| &rest[end..]);
    let rows = DIALECTS.iter().filter(|dialect| dialect.id != "demo").map(row_of_tasks).collect::<Vec<_>>();
    expect(&file, &format!("{before}{HEAD}{}{after}", rows.join("\n")));
}

fn row_of_tasks(dialect: &Dialect) -> String {
    let spoken =
        |api: &Api| dialect.apis.contains(api) || dialect.speaks.iter().any(|(_, apis)| apis.contains(api));
    let all = dialect.tasks.iter().filter(|(api, _)| spoken(api)).flat_map(|(_, tasks)| *tasks);
    let words = all.map(|task| task.name()).collect::<std::collections::BTreeSet<_>>();
    let words = words.into_iter().collect::<Vec<_>>().join(", ");
    let words = match dialect.tasks {
        [] => "nothing of this",
        tasks if tasks == ANYTHING => "is asked: not known here",
        _ => &words,
    };
    format!("| `{}` | {words} |", dialect.id)
}

const TABLE_HEAD: &str =
    "| provider | other spellings | key for zero configuration | address | speaks |\n|---|---|---|---|---|\n";

fn row(dialect: &Dialect) -> String {
    let code = |word: &&str| format!("`{word}`");
    let aliases = dialect.aliases.iter().map(code).collect::<Vec<_>>().join(", ");
    let placed = !dialect.places.is_empty();
    let key = dialect.key.filter(|_| dialect.base.is_some() || !dialect.usual_place.region.is_empty());
    let key = key.as_ref().map(code).unwrap_or_default();
    let address = match dialect.base {
        Some(base) => format!("`{base}`"),
        None if placed => format!("`region`, or `base_url`, like `{}`", dialect.example),
        None => format!("`base_url`, like `{}`", dialect.example),
    };
    let words = |apis: &[Api]| apis.iter().map(|api| api.name()).collect::<Vec<_>>().join(", ");
    let apis = dialect.speaks.iter().fold(words(dialect.apis), |told, (name, apis)| {
        let name = match name {
            Name::Exact(name) => format!("`{name}`"),
            Name::Prefix(name) => format!("`{name}…`"),
            Name::Part(name) => format!("`…{name}…`"),
        };
        format!("{told}; {name}: {}", words(apis))
    });
    format!("| `{}` | {aliases} | {key} | {address} | {apis} |", dialect.id)
}

/// Our own examples load without a word, but for what `reference.yaml` says of itself.
#[test]
fn our_examples_load() {
    let files = yaml_files(&root().join("config"));
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let loaded = configuration::read(&file).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(loaded.warnings, [], "{}", file.display());
        let text = std::fs::read_to_string(&file).unwrap();
        let gateway = loaded.compiled.open_lending(|_| Some("key".to_owned())).unwrap();
        assert!(
            !gateway.providers.is_empty()
                && text.starts_with("# yaml-language-server: $schema=schema.json\n")
        );
    }
}

/// What the documentation shows can be copied: whole configurations, and parts of them.
#[test]
fn the_documentations_examples_load() {
    let mut found = 0;
    for folder in ["", "docs", "docs/hosts", "docs/providers"] {
        let pages = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        for page in pages.filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
            let text = std::fs::read_to_string(&page).unwrap();
            for block in text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
                let head = if block.lines().any(|line| line.starts_with("version:")) { "" } else { HEAD };
                let list = if block.starts_with("  - ") { "model_providers:\n" } else { "" };
                let read = read(&format!("{head}{list}{block}"));
                let loaded = read.unwrap_or_else(|problems| panic!("{}:\n{block}{problems}", page.display()));
                assert_eq!(loaded.warnings, [], "{}:\n{block}", page.display());
                found += 1;
            }
        }
    }
    assert!(found > 5, "{found}");
}

/// A host refuses an example before it runs exactly where it would refuse to start with it.
#[test]
fn what_a_host_refuses_is_told_before_it_starts() {
    let key = |_: &str| Some("key".to_owned());
    for file in yaml_files(&root().join("config")) {
        let loaded = configuration::read(&file).unwrap();
        for host in Host::ALL {
            let compiled = loaded.compiled.clone();
            let opened = if host.renews() { compiled.open_lending(key) } else { compiled.open(key) };
            let flaws = opened.err().map_or(0, |flaws| flaws.len());
            assert_eq!(loaded.refused_on(host).len(), flaws, "{} on {host}", file.display());
        }
    }
}

/// The example that claims to have every key has every key.
#[test]
fn the_reference_is_complete() {
    let text = std::fs::read_to_string(root().join("config/reference.yaml")).unwrap();
    let mut keys = Vec::new();
    keys_of(&configuration::schema(), &mut keys);
    // The old form, and what has a new place.
    let old =
        ["llm_providers", "ingress_traffic", "egress_traffic", "message_format", "llm_provider", "model"];
    keys.retain(|key| !old.contains(&key.as_str()) && !text.contains(&format!("{key}:")));
    assert!(keys.is_empty(), "not in config/reference.yaml: {keys:?}");
}

/// All names of members in a schema.
fn keys_of(schema: &serde_json::Value, keys: &mut Vec<String>) {
    let parts = schema.as_object().into_iter().flat_map(|members| members.values());
    let parts = parts.chain(schema.as_array().into_iter().flatten());
    parts.for_each(|part| keys_of(part, keys));
    let names = schema.get("properties").and_then(|properties| properties.as_object());
    keys.extend(names.into_iter().flat_map(|names| names.keys().cloned()));
}

/// Every configuration of Plano loads, and every one that it refuses is refused here, each line with a place.
#[test]
fn configurations_of_plano_load() {
    let folder =
        std::env::var_os("PLANO_CONFIGS").map_or(root().join("../shared/plano-configs"), PathBuf::from);
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let accepted = yaml_files(&folder);
    assert!(!accepted.is_empty());
    for file in accepted.iter().filter(|file| !file.ends_with("SCHEMA.yaml")) {
        let loaded = configuration::read(file).unwrap_or_else(|problems| panic!("{problems}"));
        loaded.compiled.open(|_| Some("key".to_owned())).unwrap_or_else(|flaws| panic!("{flaws:?}"));
    }
    let rejected = yaml_files(&folder.join("rejected"));
    assert!(!rejected.is_empty());
    for file in &rejected {
        let problems = configuration::read(file).unwrap_err();
        println!("{problems}");
        assert!(problems.0.iter().all(|problem| problem.line > 0 && !problem.message.is_empty()));
    }
    println!("{} loaded, {} refused", accepted.len() - 1, rejected.len());
}

/// Compares a file that is made from the code.
fn expect(file: &Path, now: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(file, now).unwrap();
    }
    let then = std::fs::read_to_string(file).unwrap_or_default();
    assert!(then == now, "{} is old: run this test with UPDATE_EXPECT=1", file.display());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect::<Vec<_>>();
    files.sort();
    files
}
