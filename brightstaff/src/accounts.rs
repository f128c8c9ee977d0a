//! What accounts in clouds lend: got when it is first asked for, kept, and renewed before its time is up – once for all who
//! ask, beside the requests wherever there is time for it.
//!
//! Small code of our own rather than the clouds' libraries, which bring clients, retries and parsers of theirs: the
//! whole of it is a few small requests.

mod aws;
mod azure;
mod environment;
mod files;
mod google;
mod instant;
mod world;

pub use environment::Environment;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use shared::gateway::{Account, Compiled, CompiledKeys, Credential, Gateway, Lent, Provider, TokenSource};
use shared::host::CallError;
use shared::secret::Secret;
use shared::signature::Signer;
use tokio::sync::Mutex;

use instant::Instant;
pub(crate) use world::World;

/// How long it may take to get something anew.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long before its end what was lent is renewed, in seconds; or a quarter of its time, where that is less.
const EARLY: u64 = 300;

/// How long what has no end is taken for unchanged, in seconds: somebody may write a file anew.
const UNCHANGED: u64 = 300;

/// How long what is about to end is not lent any more, in seconds: it has a way to go.
const LAST: u64 = 10;

/// How long a failure is everybody's, in seconds.
const FAILED: u64 = 2;

/// How long a failure to renew what is still good is left alone, in seconds.
const AGAIN: u64 = 20;

/// Says which accounts of a configuration can never lend anything: better when the gateway starts than later.
pub fn check(compiled: &Compiled, environment: &Environment) -> Result<(), Vec<String>> {
    let wrong = compiled.providers.iter().filter_map(|provider| {
        let source = provider.signing.as_ref().map(|signing| &signing.keys);
        let why = match (source, &provider.tokens) {
            (Some(CompiledKeys::Lent(source)), _) => aws::check(source, environment),
            (_, Some(TokenSource::Google { file })) => google::check(file.as_deref(), environment),
            _ => Ok(()),
        };
        Some(format!("provider `{}`: {}", provider.name, why.err()?))
    });
    let wrong = wrong.collect::<Vec<_>>();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The accounts of a configuration.
#[derive(Debug)]
pub(crate) struct Accounts {
    world: World,
    entries: BTreeMap<Account, Arc<Entry>>,
}

/// What was got, and until when it is good.
struct Got {
    lent: Lent,
    /// None for what has no end.
    until: Option<Instant>,
}

impl Accounts {
    pub(crate) fn new(gateway: &Gateway, world: World) -> Accounts {
        let accounts = gateway.providers.iter().filter_map(account_of);
        let entries = accounts.map(|account| (account.clone(), Arc::new(Entry::new(account.clone()))));
        Accounts { world, entries: entries.collect() }
    }

    /// What the account lends now.
    pub(crate) async fn lend(&self, account: &Account) -> Result<Arc<Lent>, CallError> {
        let entry = self.entries.get(account);
        let entry = entry.ok_or_else(|| CallError::Forbidden("no provider has this account".to_owned()))?;
        match entry.look(Instant::now()) {
            Look::Good(lent) => Ok(lent),
            Look::Aging(lent) => {
                entry.renew_aside(&self.world);
                Ok(lent)
            }
            Look::Failed(why) => Err(CallError::Connect(why)),
            // In a task of its own: who asked may leave, and the others still wait for it.
            Look::Nothing => tokio::spawn(renew(Arc::clone(entry), self.world.clone()))
                .await
                .unwrap_or_else(|_| Err("it broke off".to_owned()))
                .map_err(CallError::Connect),
        }
    }
}

fn account_of(provider: &Provider) -> Option<&Account> {
    match &provider.credential {
        Credential::Account(account) => Some(account),
        _ => None,
    }
}

/// An account, and what it lent last.
struct Entry {
    account: Account,
    state: RwLock<State>,
    /// Whose turn it is to get something.
    turn: Arc<Mutex<()>>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("account", &self.account).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failed: Option<(Instant, String)>,
}

struct Held {
    lent: Arc<Lent>,
    renew: Instant,
    until: Instant,
}

/// What there is.
enum Look {
    Good(Arc<Lent>),
    /// It is good, and should be renewed.
    Aging(Arc<Lent>),
    /// It could not be had a moment ago.
    Failed(String),
    Nothing,
}

impl Entry {
    fn new(account: Account) -> Entry {
        Entry { account, state: RwLock::default(), turn: Arc::default() }
    }

    fn look(&self, now: Instant) -> Look {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match (&state.held, &state.failed) {
            (Some(held), _) if now < held.renew => Look::Good(Arc::clone(&held.lent)),
            (Some(held), _) if now < held.until => Look::Aging(Arc::clone(&held.lent)),
            (_, Some((when, why))) if now < when.plus(FAILED) => Look::Failed(why.clone()),
            _ => Look::Nothing,
        }
    }

    fn renew_aside(self: &Arc<Entry>, world: &World) {
        // Whoever has the turn is at it already.
        let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() else { return };
        let (entry, world) = (Arc::clone(self), world.clone());
        tokio::spawn(async move {
            let _ = entry.get(&world).await;
            drop(turn);
        });
    }

    /// Gets it anew, for whoever has the turn.
    async fn get(&self, world: &World) -> Result<Arc<Lent>, String> {
        let got = tokio::time::timeout(PATIENCE, get(&self.account, world)).await;
        let got = got.unwrap_or_else(|_| Err(format!("it took longer than {PATIENCE:?}")));
        let now = Instant::now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match got {
            Ok(got) => {
                let held = Held::new(got, now);
                let lent = Arc::clone(&held.lent);
                *state = State { held: Some(held), failed: None };
                Ok(lent)
            }
            Err(why) => {
                tracing::warn!(target: "accounts", account = ?self.account, %why, "credentials cannot be had");
                state.held.iter_mut().for_each(|held| held.renew = now.plus(AGAIN));
                state.failed = Some((now, why.clone()));
                Err(why)
            }
        }
    }
}

async fn renew(entry: Arc<Entry>, world: World) -> Result<Arc<Lent>, String> {
    let _turn = entry.turn.lock().await;
    // Whoever had the turn before may have got it, or failed.
    match entry.look(Instant::now()) {
        Look::Good(lent) | Look::Aging(lent) => Ok(lent),
        Look::Failed(why) => Err(why),
        Look::Nothing => entry.get(&world).await,
    }
}

impl Held {
    fn new(got: Got, now: Instant) -> Held {
        let lent = Arc::new(got.lent);
        let Some(until) = got.until else {
            return Held { lent, renew: now.plus(UNCHANGED), until: Instant::NEVER };
        };
        let early = EARLY.min(until.since(now) / 4).max(LAST);
        Held { lent, renew: until.minus(early), until: until.minus(LAST) }
    }
}

async fn get(account: &Account, world: &World) -> Result<Got, String> {
    let token = match account {
        Account::Aws { source, region, service } => {
            let keys = aws::keys(world, source, region).await?;
            let session_token = keys.session_token.map(Secret::new);
            let (id, secret) = (keys.id, Secret::new(keys.secret));
            let signer = Signer { id, secret, session_token, region: region.clone(), service };
            return Ok(Got { lent: Lent::Signer(signer), until: keys.until });
        }
        Account::Token(TokenSource::Google { file }) => google::token(world, file.as_deref()).await?,
        Account::Token(TokenSource::Azure { tenant, client }) => {
            azure::token(world, tenant.as_deref(), client.as_deref()).await?
        }
    };
    Ok(Got { lent: Lent::Token(Secret::new(token.text)), until: Some(token.until) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(seconds: Option<u64>, now: Instant) -> (u64, u64) {
        let lent = Lent::Token(Secret::new("t".to_owned()));
        let held = Held::new(Got { lent, until: seconds.map(|seconds| now.plus(seconds)) }, now);
        (held.renew.since(now), held.until.since(now))
    }

    #[test]
    fn what_is_lent_is_renewed_while_it_is_good() {
        let now = Instant::now();
        assert_eq!(held(Some(3600), now), (3300, 3590));
        assert_eq!(held(Some(400), now), (300, 390));
        assert_eq!(held(Some(0), now), (0, 0));
        assert_eq!(held(None, now).0, UNCHANGED);
    }

    #[test]
    fn a_failure_is_everybodys_for_a_moment_and_spoils_nothing_that_is_good() {
        let entry = Entry::new(Account::Token(TokenSource::Google { file: None }));
        let now = Instant::now();
        assert!(matches!(entry.look(now), Look::Nothing));
        entry.state.write().unwrap().failed = Some((now, "why".to_owned()));
        assert!(matches!(entry.look(now), Look::Failed(_)));
        assert!(matches!(entry.look(now.plus(FAILED)), Look::Nothing));
        let lent = Lent::Token(Secret::new("t".to_owned()));
        entry.state.write().unwrap().held = Some(Held::new(Got { lent, until: Some(now.plus(3600)) }, now));
        assert!(matches!(entry.look(now), Look::Good(_)));
        assert!(matches!(entry.look(now.plus(3300)), Look::Aging(_)));
        assert!(!matches!(entry.look(now.plus(3590)), Look::Good(_) | Look::Aging(_)));
    }
}
