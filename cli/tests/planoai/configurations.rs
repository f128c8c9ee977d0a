//! check, compile, schema, and what `up` does with a configuration.

use serde_json::{Value, json};

use crate::rig::{Home, Said};

const GOOD: &str = "
version: v0.4.0
listeners:
  - {type: model, name: llm, port: PORT}
model_providers:
  - {model: openai/gpt-4o, access_key: $SOME_KEY, default: true}
model_aliases:
  fast: {target: openai/gpt-4o}
tracing: {random_sampling: 100}
";

/// The configuration with a port that is free.
fn good() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    GOOD.replace("PORT", &free.to_string())
}

#[test]
fn usage_is_explained() {
    let home = Home::new("usage");
    assert_eq!(home.run(&["up", "--drain", "86401"]).code, 2, "no time that cannot be reckoned with");
    assert_eq!(home.run(&["--version"]).code, 0);
    assert_eq!(home.run(&[]).code, 2);
    assert_eq!(home.run(&["serve"]).code, 2);
    for command in [
        "up",
        "down",
        "reload",
        "logs",
        "status",
        "check",
        "compile",
        "build",
        "build worker",
        "build spin",
        "render",
        "render envoy",
        "render spin",
        "schema",
    ] {
        let arguments = command.split(' ').chain(["--help"]).collect::<Vec<_>>();
        let help = home.run(&arguments);
        assert_eq!(help.code, 0);
        assert!(help.out.contains("Exit codes:") && help.out.contains("Example"), "{}", help.out);
    }
}

/// An editor or a pipeline gets the same findings, and nothing on standard error.
#[test]
fn what_is_wrong_is_said_to_programs() {
    let home = Home::new("programs");
    let judged = |arguments: &[&str]| {
        let said = home.run(&[&["check", "--json"], arguments].concat());
        assert_eq!(said.err, "");
        let verdict: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(verdict["usable"].as_bool(), Some(said.code == 0), "{}", said.out);
        assert!(said.code == 0 || said.code == 78);
        verdict
    };
    let bad = home.write("bad.yaml", &good().replace("model_aliases", "model_alias"));
    let found = &judged(&[&bad])["findings"][0];
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("model_aliases"), "{message}");
    assert_eq!(
        *found,
        json!({"severity": "error", "code": "invalid", "file": bad, "line": 7, "column": 1, "key": "model_alias", "message": message})
    );
    let absent = judged(&["absent.yaml"]);
    assert_eq!(
        absent["findings"],
        json!([{"severity": "error", "code": "unreadable", "file": "absent.yaml", "line": null, "column": null, "key": null,
            "message": "there is no file absent.yaml"}])
    );
    assert_eq!(judged(&[&home.write("no.yaml", "a: [")])["findings"][0]["code"], "malformed");
    let good = judged(&[&home.write("good.yaml", &good())]);
    let codes = good["findings"].as_array().unwrap().iter().map(|found| (&found["severity"], &found["code"]));
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [(&json!("notice"), &json!("unserved")), (&json!("notice"), &json!("unset"))]
    );
    assert_eq!(judged(&[])["findings"], json!([]), "no file, and nothing to say of it");
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_78() {
    let home = Home::new("wrong");
    let bad = home.write("bad.yaml", &good().replace("model_aliases", "model_alias"));
    for command in ["check", "up", "compile"] {
        let said = home.run(&[command, &bad]);
        assert_eq!(said.code, 78, "{command}");
        assert!(said.err.starts_with(&format!("{bad}:7:1: model_alias: ")), "{}", said.err);
    }
}

/// Plano starts with another configuration than was meant; this must never happen.
#[test]
fn a_file_that_is_not_there_is_an_error() {
    let home = Home::new("absent");
    for command in ["check", "up", "compile"] {
        let said = home.run(&[command, "absent.yaml"]);
        assert_eq!((said.code, said.err.trim()), (78, "there is no file absent.yaml"), "{command}");
        let said = home.run(&[command, "."]);
        assert_eq!((said.code, said.err.trim()), (78, ". is a folder: name the file"), "{command}");
    }
}

#[test]
fn check_names_what_a_host_does_not_serve() {
    let home = Home::new("check");
    let good = home.write("good.yaml", &good());
    let native = home.run(&["check", &good]);
    assert_eq!(native.code, 0, "{}", native.err);
    assert!(native.out.contains(":9:1: tracing: is not served yet"), "{}", native.out);
    assert!(native.out.contains("SOME_KEY") && !native.out.contains("listeners[0].port"), "{}", native.out);
    let worker = home.run(&["check", &good, "--host", "worker"]);
    assert!(worker.out.contains("listeners[0].port"), "{}", worker.out);
    assert_eq!(home.run(&["check", &good, "--host", "toaster"]).code, 2);
}

/// Who is told by `check` that a configuration can be used must be able to start with it.
#[test]
fn what_must_be_renewed_is_an_error_for_hosts_that_renew_nothing() {
    let home = Home::new("lent");
    let lent = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/accounts.yaml");
    let native = home.run(&["check", lent, "--host", "native"]);
    assert!(native.code == 0 && !native.out.contains("renewed"), "{}{}", native.out, native.err);
    for command in [
        "check --host envoy",
        "check --host worker",
        "check --host spin",
        "render envoy",
        "render spin",
        "build worker -o built",
        "build spin -o built",
    ] {
        let said = home.run(&command.split(' ').chain([lent]).collect::<Vec<_>>());
        assert_eq!((said.code, said.out.as_str()), (78, ""), "{command}: {}", said.err);
        for at in ["13:5: model_providers[0].aws", "19:5: model_providers[1].aws", ".google", ".azure"] {
            assert!(said.err.contains(&format!("{at}: its credentials have to be renewed")), "{}", said.err);
        }
        assert!(!home.path().join("built").exists(), "{command}");
    }
}

/// What no request could be served with is told at once, and not by answers of 503.
#[test]
fn accounts_that_cannot_be_followed_are_told_when_the_gateway_starts() {
    let home = Home::new("unfollowed");
    let listener = good().lines().find(|line| line.contains("port:")).unwrap().to_owned();
    let account =
        r#"{"type": "external_account", "credential_source": {"executable": {"command": "/bin/true"}}}"#;
    let account = home.write("account.json", account);
    let google =
        format!("- {{model: vertex/m, region: r, project: p, google: {{credentials_file: '{account}'}}}}");
    let aws = "- {model: amazon_bedrock/m, region: us-east-1, aws: {profile: nobody}}";
    let head = format!("version: v0.4.0\nlisteners:\n{listener}\nmodel_providers:\n");
    let said = home.run(&["up", &home.write("gateway.yaml", &format!("{head}{google}\n{aws}\n"))]);
    assert_eq!(said.code, 78, "{}", said.out);
    let why = "its `credential_source` names a program, and the gateway runs none";
    let google = format!("provider `vertex/m`: {account}: {why}");
    let aws = "provider `amazon_bedrock/m`: the profile `nobody` is not in the files of AWS's tools";
    assert_eq!(said.err.lines().collect::<Vec<_>>(), [google.as_str(), aws]);
}

/// Keys in the environment may lead to an account, too.
#[test]
fn guests_of_no_file_take_no_account_either() {
    let home = Home::new("found");
    let mut render = home.command(&["render", "spin"]);
    render.env("AWS_PROFILE", "work").env("AWS_REGION", "us-east-1");
    let said = Said::of(render.output().unwrap());
    assert_eq!(said.code, 78, "{}", said.out);
    assert!(
        said.err.starts_with("provider `amazon_bedrock/*`: its credentials have to be renewed"),
        "{}",
        said.err
    );
}

#[test]
fn up_takes_the_configuration_beside_it_and_wants_its_secrets() {
    let home = Home::new("beside");
    home.write("config.yaml", &good());
    let without = home.run(&["up"]);
    assert_eq!(without.code, 78);
    assert!(without.err.contains("config.yaml:6") && without.err.contains("SOME_KEY"), "{}", without.err);
    let with = Said::of(home.command(&["up"]).env("SOME_KEY", "sk-secret").output().unwrap());
    assert_eq!(with.code, 0, "{}", with.err);
    assert!(with.out.contains("fast") && with.out.contains("(llm)"), "{}", with.out);
    assert!(
        with.out.contains("tracing: is not served yet") && !with.out.contains("sk-secret"),
        "{}",
        with.out
    );
}

/// As every other command it takes the file beside it, and says what it took.
#[test]
fn check_takes_the_configuration_beside_it() {
    let home = Home::new("check-beside");
    let keys = home.run(&["check"]);
    assert_eq!((keys.code, keys.err.as_str()), (0, ""));
    assert!(
        keys.out.ends_with("the keys in the environment: can be used: 1 model entry, 0 aliases\n"),
        "{}",
        keys.out
    );
    home.write("config.yaml", &good());
    let file = home.run(&["check"]);
    assert!(file.out.ends_with("config.yaml: can be used: 1 model entry, 1 alias\n"), "{}", file.out);
}

/// A level that is none would be a target, and nothing would be logged.
#[test]
fn a_log_level_that_is_none_is_refused() {
    let home = Home::new("level");
    let up = |level: &str| {
        Said::of(home.command(&["up", "--listener-port", "0"]).env("LOG_LEVEL", level).output().unwrap())
    };
    let wrong = up("WARNING");
    assert_eq!(wrong.code, 78, "{}", wrong.out);
    assert!(wrong.err.starts_with("LOG_LEVEL is `WARNING`; it must be like `off`"), "{}", wrong.err);
    assert_eq!(up("warn,report=info").code, 0);
}

/// A port that is given for nothing is a mistake that must be heard of.
#[test]
fn a_port_beside_a_file_is_refused() {
    let home = Home::new("port");
    let said = home.run(&["up", &home.write("good.yaml", &good()), "--listener-port", "1234"]);
    assert_eq!(said.code, 78);
    assert!(said.err.contains("leave --listener-port out"), "{}", said.err);
}

#[test]
fn the_compiled_form_has_names_of_secrets_and_no_secrets() {
    let home = Home::new("compile");
    let good = home.write("good.yaml", &good());
    let output = home.path().join("compiled.json");
    let compiled = home
        .command(&["compile", &good, "-o", output.to_str().unwrap()])
        .env("SOME_KEY", "sk-secret")
        .status();
    assert!(compiled.unwrap().success());
    let written = std::fs::read_to_string(output).unwrap();
    assert!(written.contains("$SOME_KEY") && !written.contains("sk-secret"), "{written}");
    assert_eq!(home.run(&["compile", &good]).out, written);
}

#[test]
fn the_schema_is_json() {
    let schema = Home::new("schema").run(&["schema"]).out;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&schema).unwrap()["type"], "object");
}
