//! What a thread of Envoy has once: the configuration and the reports of all its streams.

use std::hash::RandomState;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel};
use shared::backend::Batch;
use shared::gateway::Gateway;
use shared::host::CallError;

use crate::closing::Connection;
use crate::herald::Herald;
use crate::reports::Queue;
use crate::stream::Stream;
use crate::world::Envoy;
use crate::{abi, configuration};

/// How often is looked for reports to send, in turns of the clock. While some wait, one batch follows the other.
const TICK: Duration = Duration::from_millis(200);

/// How many ticks pass before reports that did not arrive are sent again.
const PAUSE: u32 = 5;

/// How long a batch of reports may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// How many bytes of the backend's reason for an error are logged.
const LONGEST_REASON: usize = 200;

/// The root context.
#[derive(Default)]
pub(crate) struct Root {
    gateway: Option<Rc<Gateway>>,
    reports: Rc<Queue>,
    seed: RandomState,
    /// The batch that is under way.
    sending: Batch,
    /// Ticks until one is sent again.
    pause: u32,
    herald: Herald,
}

impl RootContext for Root {
    /// Takes the configuration, or says everything that is wrong with it; then Envoy does not start.
    fn on_configure(&mut self, size: usize) -> bool {
        if size == 0 {
            return true;
        }
        let json = abi::bytes(BufferType::PluginConfiguration, size);
        match configuration::open(&json, |name| std::env::var(name).ok()) {
            Ok(gateway) => {
                self.collect_for(&gateway);
                self.gateway = Some(Rc::new(gateway));
                true
            }
            Err(problem) => {
                abi::log(
                    LogLevel::Error,
                    &format!("planoai: the filter's configuration is refused: {problem}"),
                );
                false
            }
        }
    }

    fn on_tick(&mut self) {
        warn(self.herald.tick(self.reports.take_late()));
        self.pause = self.pause.saturating_sub(1);
        if self.sending.is_empty() && self.pause == 0 {
            self.send();
        }
    }

    fn create_stream_context(&self, _: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection::default()))
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let gateway = self.gateway.clone()?;
        let envoy = Envoy::new(self.seed.clone());
        Some(Box::new(Stream::new(gateway, envoy, self.reports.clone())))
    }

    /// The root of the inner listener has no configuration, for it needs none.
    fn get_type(&self) -> Option<ContextType> {
        Some(if self.gateway.is_some() { ContextType::HttpContext } else { ContextType::StreamContext })
    }
}

impl Context for Root {
    /// The backend has a batch, will not have it, or could not be reached; then it is tried again after a pause.
    fn on_http_call_response(&mut self, _: u32, headers: usize, size: usize, _: usize) {
        let batch = std::mem::take(&mut self.sending);
        match abi::call_answer(headers, size.min(LONGEST_REASON)) {
            Ok(answer) if answer.status().is_success() => {
                warn(self.herald.arrived(self.reports.len()));
                self.send();
            }
            Ok(answer) if is_final(answer.status()) => self.lose(&batch, &reason(&answer)),
            Ok(answer) => self.keep(batch, &reason(&answer)),
            Err(error) => self.keep(batch, &error.to_string()),
        }
    }
}

/// A thread of Envoy ends. It waits for no side call then, so what was not sent in time never will be.
impl Drop for Root {
    fn drop(&mut self) {
        let waiting = self.sending.len() + self.reports.len();
        warn(self.herald.stop(waiting + self.reports.take_late()));
    }
}

impl Root {
    /// Lets reports wait and be sent where somebody wants them.
    fn collect_for(&self, gateway: &Gateway) {
        if gateway.backend.is_some() {
            self.reports.open();
            let _ = hostcalls::set_tick_period(TICK);
        }
    }

    /// Sends the next batch.
    fn send(&mut self) {
        let Some(address) = self.gateway.as_ref().and_then(|gateway| gateway.backend.as_ref()) else {
            return;
        };
        let batch = self.reports.take();
        if batch.is_empty() {
            return;
        }
        match batch.request(address).map(|request| abi::dispatch(&request, DEADLINE)) {
            Some(Ok(_)) => self.sending = batch,
            Some(Err(CallError::Forbidden(why))) => self.lose(&batch, &why),
            Some(Err(error)) => self.keep(batch, &error.to_string()),
            None => self.lose(&batch, "the backend's address makes no request"),
        }
    }

    fn lose(&mut self, batch: &Batch, why: &str) {
        warn(self.herald.refused(why, batch.len()));
    }

    fn keep(&mut self, batch: Batch, why: &str) {
        self.pause = PAUSE;
        self.reports.give_back(batch);
        warn(self.herald.failed(why, self.reports.len()));
    }
}

/// Whether the backend will give the same answer again. Who comes too often or too late may come again (RFC 9110,
/// section 15.5.9; RFC 6585, section 4).
fn is_final(status: StatusCode) -> bool {
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_client_error() && !again.contains(&status)
}

/// Why a batch was not taken. Where the backend cannot be reached, Envoy answers in its stead and says so.
fn reason(answer: &Response<Bytes>) -> String {
    format!("status {}, {:?}", answer.status(), String::from_utf8_lossy(answer.body()))
}

fn warn(line: Option<String>) {
    if let Some(line) = line {
        abi::log(LogLevel::Warn, &format!("planoai: {line}"));
    }
}
