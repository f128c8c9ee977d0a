//! What is written for other programs.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use crate::failure::Failure;

/// Writes to a file, or to standard output where there is none.
pub(crate) fn write(path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(path) = path else { return print(bytes) };
    std::fs::write(path, bytes).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Whether somebody still reads standard output: who writes seldom would else go on for nobody.
pub(crate) fn is_read() -> bool {
    let output = io::stdout();
    let mut polled = [PollFd::new(&output, PollFlags::empty())];
    let done = poll(&mut polled, Some(&Timespec::default()));
    done.is_err() || !polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Writes a value to standard output as JSON, in lines that people can read too.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value);
    let json = json.map_err(|error| Failure::new(format!("nothing can be printed: {error}")))?;
    print(format!("{json}\n").as_bytes())
}

/// Writes to standard output. A reader that has had enough (`| head`) is no failure.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("nothing can be printed: {error}")))
        }
        _ => Ok(()),
    }
}
