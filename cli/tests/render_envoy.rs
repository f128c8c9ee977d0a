//! A real Envoy takes what `planoai render envoy` writes for every example in `config/`.
//!
//! `cargo xtask test` names Envoy and the filter in the environment; without them there is nothing to do.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use brightstaff::configuration::{self, Host};

#[test]
fn envoy_takes_every_example() {
    let (Some(envoy), Some(filter)) = (env::var_os("PLANO_ENVOY"), env::var_os("PLANO_FILTER_WASM")) else {
        println!("not played: PLANO_ENVOY, PLANO_FILTER_WASM not set; `cargo xtask test` sets them");
        return;
    };
    let folder = env::temp_dir().join(format!("plano-render-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let examples = examples();
    assert!(!examples.is_empty());
    for example in examples {
        let rendered = succeed(
            &example,
            Command::new(env!("CARGO_BIN_EXE_planoai"))
                .args(["render", "envoy", "--filter"])
                .arg(&filter)
                .arg(&example),
        );
        let bootstrap = folder.join("envoy.yaml");
        std::fs::write(&bootstrap, &rendered).unwrap();
        let mut validate = Command::new(&envoy);
        validate.args(["--mode", "validate", "--log-level", "warn", "-c"]).arg(&bootstrap);
        succeed(&example, validate.envs(variables(&rendered).map(|name| (name, "a-value"))));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// All that Envoy can run: a filter renews nothing that accounts lend.
fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml");
    let runs = |path: &PathBuf| configuration::read(path).unwrap().refused_on(Host::Envoy).is_empty();
    files.filter(|path| is_yaml(path) && runs(path)).collect()
}

/// The variables that Envoy hands to the filter.
fn variables(bootstrap: &[u8]) -> impl Iterator<Item = String> {
    let bootstrap: serde_json::Value = serde_json::from_slice(bootstrap).unwrap();
    let path = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config\
                /config/vm_config/environment_variables/host_env_keys";
    let names = bootstrap.pointer(path).and_then(|names| names.as_array()).unwrap().clone();
    names.into_iter().map(|name| name.as_str().unwrap().to_owned())
}

fn succeed(example: &Path, command: &mut Command) -> Vec<u8> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{}: {command:?}:\n{}", example.display(), String::from_utf8_lossy(&stderr));
    stdout
}
