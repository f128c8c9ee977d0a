//! The command line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::outbound::Allowed;

const USAGE: &str = "usage: spin-host --component FILE --listen ADDRESS:PORT [--variable NAME=VALUE]… [--allow-outbound URL]…";

pub(crate) struct Arguments {
    /// The component, or the core module that becomes one.
    pub(crate) component: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// The application's variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// `allowed_outbound_hosts` of the manifest.
    pub(crate) outbound: Allowed,
}

pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let (mut component, mut listen) = (None, None);
    let (mut variables, mut outbound) = (BTreeMap::new(), Allowed::default());
    let mut words = words;
    while let Some(option) = words.next() {
        let value = words.next().ok_or_else(|| format!("{option} wants a value; {USAGE}"))?;
        match option.as_str() {
            "--component" => component = Some(PathBuf::from(value)),
            "--listen" => listen = Some(value.parse().map_err(|why| format!("--listen {value}: {why}"))?),
            "--variable" => {
                let (name, value) = value.split_once('=').ok_or("--variable wants NAME=VALUE")?;
                variables.insert(name.to_owned(), value.to_owned());
            }
            "--allow-outbound" => outbound.add(&value)?,
            _ => return Err(format!("{option} is not an option; {USAGE}")),
        }
    }
    Ok(Arguments { component: component.ok_or(USAGE)?, listen: listen.ok_or(USAGE)?, variables, outbound })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Arguments, String> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        let read = words("--component a.wasm --listen 127.0.0.1:0 --variable a=b=c --variable d=").unwrap();
        assert_eq!(
            read.variables,
            BTreeMap::from([("a".to_owned(), "b=c".to_owned()), ("d".to_owned(), String::new())])
        );
        assert_eq!(read.listen, "127.0.0.1:0".parse().unwrap());
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        assert!(words("--listen 127.0.0.1:0").err().unwrap().contains("--component FILE"));
        assert!(words("--component").err().unwrap().contains("wants a value"));
        assert!(words("--port 1").err().unwrap().contains("--port is not an option"));
    }
}
