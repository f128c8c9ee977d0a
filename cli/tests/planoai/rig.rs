//! The binary with a state of its own and an environment without keys.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// A folder for one test; the gateway that runs there is stopped when the test ends, however it ends.
pub(crate) struct Home(PathBuf);

/// What a command said, and what it exited with.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new(test: &str) -> Home {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Home(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A command with nothing in its environment but where its state is.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planoai"));
        command.args(arguments).current_dir(&self.0).env_clear();
        command.env("PLANO_HOME", self.0.join("state")).env("BIND_ADDRESS", "127.0.0.1:0");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run(&["down", "--now"]);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Said {
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The address that a banner gives for this listener.
    pub(crate) fn address(&self, listener: &str) -> String {
        let line = self.out.lines().find(|line| line.ends_with(&format!("({listener})")));
        let line = line.unwrap_or_else(|| panic!("no address of {listener} in {}{}", self.out, self.err));
        let (_, address) = line.split_once("http://").unwrap();
        address.split_whitespace().next().unwrap().to_owned()
    }
}

/// Sends a POST and gives the whole answer.
pub(crate) fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
