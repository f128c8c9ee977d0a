//! How many files, and so connections, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process has open besides connections: listeners, the log, the runtime's own, brightstaff's door.
const SPARE: u64 = 48;

/// Raises the limit to the most that the system lets this process have. What shells give, 1,024 in many places, is meant for
/// programs that use `select`, and a gateway needs two connections for each stream.
pub(super) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(why) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(error = %why, "the limit of open files stays as it is");
    }
}

/// How many clients may be connected, so that each of them can have a connection to its provider, too. Without that, so many
/// clients could come that not one of them would be answered.
pub(super) fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit.saturating_sub(SPARE) / 2).unwrap_or(usize::MAX)
}
