//! Why a command did not work, and what it exits with.

use std::process::ExitCode;

/// The configuration is wrong (`EX_CONFIG` of sysexits.h).
const CONFIGURATION: u8 = 78;

/// What is said on standard error, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something did not work: 1.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1 }
    }

    /// The configuration is wrong: 78.
    pub(crate) fn configuration(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: CONFIGURATION }
    }

    /// The configuration is wrong, and what is wrong was said in a form for programs: 78.
    pub(crate) fn told() -> Failure {
        Failure::configuration("")
    }

    /// What another process said and exited with.
    pub(crate) fn of_process(message: impl Into<String>, code: Option<i32>) -> Failure {
        let code = code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0);
        Failure { message: message.into(), code: code.unwrap_or(1) }
    }

    /// What is said.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Says it. What is wrong with a configuration begins with its place, where editors look for it.
    pub(crate) fn report(self) -> ExitCode {
        match self.code {
            _ if self.message.is_empty() => {}
            CONFIGURATION => eprintln!("{}", self.message),
            _ => eprintln!("planoai: {}", self.message),
        }
        ExitCode::from(self.code)
    }
}
