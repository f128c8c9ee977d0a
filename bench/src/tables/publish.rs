//! Puts tables where people read them: between two marks in a page.

use std::fs;
use std::path::Path;

/// Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench -->` in a file.
pub fn publish(file: &Path, name: &str, table: &str) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?;
    let new = replaced(&text, name, table)
        .ok_or_else(|| format!("{} has no place for the table `{name}`", file.display()))?;
    fs::write(file, new).map_err(|why| format!("{}: {why}", file.display()))
}

/// Whether a page has the place for a table.
pub fn unchanged_marks(text: &str, name: &str) -> bool {
    replaced(text, name, "").is_some()
}

fn replaced(text: &str, name: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(&format!("<!-- bench:{name} -->"))?;
    let (_, after) = rest.split_once("<!-- /bench -->")?;
    Some(format!("{before}<!-- bench:{name} -->\n{}\n<!-- /bench -->{after}", table.trim_matches('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = "a\n<!-- bench:x -->\nold\n<!-- /bench -->\nb";
        assert_eq!(
            replaced(page, "x", "new\n").as_deref(),
            Some("a\n<!-- bench:x -->\nnew\n<!-- /bench -->\nb")
        );
        assert_eq!(replaced(page, "y", "new"), None);
    }

    #[test]
    fn the_pages_have_their_places() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (page, name) in [("README.md", "short"), ("COMPARE.md", "short"), ("docs/speed.md", "full")] {
            let text = fs::read_to_string(root.join(page)).unwrap();
            assert!(unchanged_marks(&text, name), "{page} has no place for its table");
        }
    }
}
