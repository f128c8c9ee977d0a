//! What the hosts are measured against, from the registries their users take it from. A peer that cannot be had here is
//! left out of the tables, which say so.

use std::fs;
use std::path::PathBuf;

use crate::Done;
use crate::plan::Plan;
use crate::process::{command, on_path, quietly};
use crate::tree;

use super::{need, once, write};

const LITELLM: &str = "litellm[proxy]==1.89.7";
const PORTKEY: &str = r#"{"private": true, "dependencies": {"@portkey-ai/gateway": "1.15.2"}}"#;

/// A peer that has to be fetched.
struct Peer {
    name: &'static str,
    from: &'static str,
    fetch: fn() -> Done<String>,
}

const PEERS: [Peer; 3] = [
    Peer { name: "nginx", from: "Debian", fetch: nginx },
    Peer { name: "portkey", from: "npm", fetch: portkey },
    Peer { name: "litellm", from: "PyPI", fetch: litellm },
];

/// Adds the fetching of those peers that are `wanted`.
pub(crate) fn plan<'a>(plan: &mut Plan<'a>, wanted: impl Fn(&str) -> bool + 'a) {
    for peer in PEERS.iter().filter(|peer| wanted(peer.name)) {
        plan.then(format!("{}, from {}", peer.name, peer.from), || {
            Ok((peer.fetch)().unwrap_or_else(|why| format!("not to be had: {why}")))
        });
    }
}

/// Where the peers are, as far as they are there.
pub(crate) fn variables() -> [(&'static str, PathBuf); 3] {
    [
        ("BENCH_NGINX", on_path("nginx").unwrap_or_else(|| folder("nginx").join("usr/sbin/nginx"))),
        ("BENCH_PORTKEY", folder("portkey").join("node_modules/@portkey-ai/gateway/build/start-server.js")),
        ("BENCH_LITELLM", folder("litellm").join("bin/litellm")),
    ]
}

fn folder(peer: &str) -> PathBuf {
    tree::tool("peers").join(peer)
}

/// The distribution's package, unpacked and not installed: nothing is started, and no root is needed.
fn nginx() -> Done<String> {
    if on_path("nginx").is_some() {
        return Ok(super::THERE.to_owned());
    }
    once("nginx", "nginx", || {
        let folder = folder("nginx");
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        quietly(command("apt-get", ["download", "nginx"]).current_dir(&folder))?;
        let files = fs::read_dir(&folder).map_err(|why| why.to_string())?.flatten();
        let packages =
            files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "deb"));
        let package = packages.max().ok_or("no package came")?;
        quietly(command("dpkg", ["-x"]).arg(package).arg(&folder))
    })
}

fn portkey() -> Done<String> {
    once("portkey", PORTKEY, || {
        need("npm", "Node 20 or newer (with npm)")?;
        let folder = folder("portkey");
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        write(&folder.join("package.json"), PORTKEY)?;
        quietly(
            command("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder),
        )
    })
}

fn litellm() -> Done<String> {
    once("litellm", LITELLM, || {
        let folder = folder("litellm");
        quietly(command("python3", ["-m", "venv", "--clear"]).arg(&folder))?;
        quietly(&mut command(folder.join("bin/pip"), ["install", "--quiet", LITELLM]))
    })
}
