//! Addresses that requests name.

use super::{Checks, top, values};
use crate::config;
use crate::egress::{Egress, Network};
use crate::gateway::Fetch;

impl Checks<'_> {
    pub(super) fn fetch(&mut self) -> Option<Fetch> {
        let given = self.config.fetch.as_ref()?;
        let timeout = given.timeout.as_deref();
        let timeout =
            timeout.and_then(|text| self.value(top("fetch").key("timeout"), values::duration(text)));
        let usual = Fetch::default();
        let fetch = Fetch {
            egress: self.egress(given),
            file_bytes: given.file_bytes.unwrap_or(usual.file_bytes),
            request_bytes: given.request_bytes.unwrap_or(usual.request_bytes),
            files: given.files.unwrap_or(usual.files),
            timeout: timeout.unwrap_or(usual.timeout),
        };
        if fetch.request_bytes < fetch.file_bytes && given.file_bytes.is_some() {
            self.warn(
                top("fetch").key("file_bytes"),
                "is more than `request_bytes`, which is for all together",
            );
        }
        Some(fetch)
    }

    fn egress(&mut self, given: &config::Fetch) -> Egress {
        let hosts = self.all("hosts", &given.hosts, |text| text.parse());
        let private = self.all("private_networks", &given.private_networks, network);
        Egress { hosts, http: given.http, private }
    }

    fn all<T>(&mut self, key: &str, texts: &[String], read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let read =
            |(index, text): (usize, &String)| self.value(top("fetch").key(key).index(index), read(text));
        texts.iter().enumerate().filter_map(read).collect()
    }
}

fn network(text: &str) -> Result<Network, String> {
    let network: Network = text.parse()?;
    match network.is_metadata() {
        true => Err(format!("`{network}` is where clouds tell secrets: it is never called")),
        false => Ok(network),
    }
}
