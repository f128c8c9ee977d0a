//! The filter's configuration: the compiled form as JSON, its secrets in the environment.

use shared::gateway::{Compiled, Gateway};

/// Opens the compiled form. `lookup` knows the variables. The error names all that is wrong, and never a value.
pub(crate) fn open(json: &[u8], lookup: impl Fn(&str) -> Option<String>) -> Result<Gateway, String> {
    let compiled = Compiled::read(json).map_err(|unread| unread.to_string())?;
    compiled.open(lookup).map_err(|flaws| {
        let flaws: Vec<_> = flaws.iter().map(ToString::to_string).collect();
        flaws.join("; ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::dialect::Dialect;
    use shared::gateway::CompiledProvider;

    #[test]
    fn all_that_is_missing_is_told() {
        let providers =
            ["openai", "anthropic"].map(|id| CompiledProvider::usual(Dialect::named(id).unwrap()));
        let json = serde_json::to_vec(&Compiled::new(providers.to_vec())).unwrap();
        let problem = open(&json, |_| None).unwrap_err();
        assert!(problem.contains("OPENAI_API_KEY") && problem.contains("ANTHROPIC_API_KEY"), "{problem}");
        assert!(open(&json, |_| Some("a-key".to_owned())).is_ok());
        assert!(open(b"{}", |_| None).unwrap_err().contains("format: missing"));
    }
}
