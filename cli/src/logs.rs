//! `planoai logs`: the log of the gateway in the background.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::failure::Failure;
use crate::output;
use crate::state::State;

/// How often to look for new lines.
const LOOK: Duration = Duration::from_millis(200);

/// How much is read at once from the end.
const CHUNK: u64 = 64 * 1024;

/// Show the log of the gateway that runs, or ran last, in the background.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  planoai logs\n  planoai logs -f -n 5\n  \
    planoai logs -n 1000 | grep '\"target\":\"report\"' | jq .report.usage\n\n\
    Exit codes: 0 shown; 1 there is no log.")]
pub(crate) struct Arguments {
    /// Go on with what is written from now on, until Ctrl-C or until nobody reads it
    #[arg(short, long)]
    follow: bool,
    /// How many of the last lines to show
    #[arg(short = 'n', long, default_value_t = 100)]
    lines: usize,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let path = State::usual()?.log();
    let missing = |error| Failure::new(format!("no log at {}: {error}", path.display()));
    let mut file = File::open(&path).map_err(missing)?;
    output::print(&tail(&mut file, arguments.lines).map_err(missing)?)?;
    match arguments.follow {
        true => follow(&path, file).await,
        false => Ok(()),
    }
}

/// The last `lines` lines of a file, which is left at its end.
pub(crate) fn tail(file: &mut File, lines: usize) -> io::Result<Vec<u8>> {
    let mut at = file.seek(SeekFrom::End(0))?;
    let mut end = Vec::new();
    while at > 0 && count(&end) <= lines {
        let size = at.min(CHUNK);
        at -= size;
        let mut chunk = vec![0; size as usize];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut chunk)?;
        chunk.append(&mut end);
        end = chunk;
    }
    file.seek(SeekFrom::End(0))?;
    let surplus = count(&end).saturating_sub(lines);
    let start = end.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(surplus.wrapping_sub(1));
    Ok(end.split_off(start.map_or(0, |(index, _)| index + 1)))
}

fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

async fn follow(path: &Path, mut file: File) -> Result<(), Failure> {
    let unreadable = |error| Failure::new(format!("{} cannot be read: {error}", path.display()));
    while output::is_read() {
        let mut news = Vec::new();
        file.read_to_end(&mut news).map_err(unreadable)?;
        output::print(&news)?;
        sleep(LOOK).await;
        file = newest(path, file).map_err(unreadable)?;
    }
    Ok(())
}

/// The log as it is now: a gateway that was started anew has a new one, and one that somebody emptied begins again.
fn newest(path: &Path, mut file: File) -> io::Result<File> {
    let Ok(current) = File::open(path) else { return Ok(file) };
    let now = current.metadata()?;
    let goes_on = same(&now, &file.metadata()?) && file.stream_position()? <= now.len();
    Ok(if goes_on { file } else { current })
}

fn same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}
