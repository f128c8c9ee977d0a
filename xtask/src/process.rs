//! Other programs: found, run quietly with their output kept for the case that they fail, or run for all to see.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Done, tree};

/// Lines of a failed program's output that are worth showing.
const LINES_OF_FAILURE: usize = 60;

/// `program` with `arguments`, to run in the repository's root.
pub(crate) fn command<A: AsRef<std::ffi::OsStr>>(
    program: impl AsRef<Path>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).current_dir(tree::root());
    command
}

/// The cargo that runs this command, with `line` split at spaces as its arguments.
pub(crate) fn cargo(line: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(PathBuf::from(cargo), line.split_whitespace())
}

/// Runs to the end and gives what was written to standard output; a failure carries the end of both outputs.
pub(crate) fn quietly(command: &mut Command) -> Done<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|why| absent(command, &why))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = text + &String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = all.lines().collect();
    let shown = lines[lines.len().saturating_sub(LINES_OF_FAILURE)..].join("\n");
    Err(format!("{} failed ({})\n{shown}", name(command), output.status))
}

/// Runs to the end with its output shown as it comes.
pub(crate) fn openly(command: &mut Command) -> Done {
    let status = command.stdin(Stdio::null()).status().map_err(|why| absent(command, &why))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", name(command))) }
}

/// Like [`openly`], but a last line that `closes` is handed back instead of shown, for the caller to end with.
pub(crate) fn openly_but_for_the_close(
    command: &mut Command,
    closes: fn(&str) -> bool,
) -> Done<Option<String>> {
    let (reader, writer) = std::io::pipe().map_err(|why| why.to_string())?;
    command.stdin(Stdio::null()).stderr(writer.try_clone().map_err(|why| why.to_string())?).stdout(writer);
    let mut child = command.spawn().map_err(|why| absent(command, &why))?;
    // The command holds the pipe's writing ends; with them open the reader would never see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let held = show(BufReader::new(reader), closes);
    let status = child.wait().map_err(|why| why.to_string())?;
    if status.success() {
        return Ok(held);
    }
    held.iter().for_each(|line| println!("{line}"));
    Err(format!("{} failed ({status})", name(command)))
}

/// Where `program` lies on the path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    folders_on_path().into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The folders of the path, in order.
pub(crate) fn folders_on_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

fn show(reader: impl BufRead, closes: fn(&str) -> bool) -> Option<String> {
    let mut held: Vec<String> = Vec::new();
    for line in reader.lines().map_while(Result::ok) {
        if !line.trim().is_empty() {
            held.drain(..).for_each(|line| println!("{line}"));
        }
        if closes(&line) || !held.is_empty() { held.push(line) } else { println!("{line}") }
    }
    held.into_iter().next()
}

fn name(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn absent(command: &Command, why: &std::io::Error) -> String {
    format!("cannot run {}: {why}", command.get_program().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_closing_line_is_held_back() {
        let closes: fn(&str) -> bool = |line| line.starts_with("test result");
        assert_eq!(
            show("test result: 1\nmore\ntest result: 2\n\n".as_bytes(), closes).as_deref(),
            Some("test result: 2")
        );
        assert_eq!(show("test result: 1\nmore\n".as_bytes(), closes), None);
    }

    #[test]
    fn a_failure_shows_what_the_program_said() {
        let why = quietly(&mut command("sh", ["-c", "echo out; echo err >&2; exit 3"])).unwrap_err();
        assert!(why.contains("exit status: 3") && why.contains("out\nerr"), "{why}");
    }
}
