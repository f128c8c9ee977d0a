//! A provider's stream in, the client's stream out, and the account of both.

mod alike;
mod name;
mod passing;
mod pump;

pub use crate::report::Ending;
pub(crate) use name::{renamed, renamed_at};
pub use passing::Passing;
pub use pump::Pump;

use bytes::BytesMut;

use crate::api::{Aim, Api, Echo, Passage, ReadStream, WriteStream, unpaired};
use crate::error::Error;
use crate::gateway::Keys;
use crate::ir::{Delta, Event};
use crate::report::{Outcome, Report};
use crate::timestamp::Timestamp;
use crate::wire::json::Outline;
use crate::wire::{Frame, Framing, Kind, Scanner, sse};
use alike::Alike;
use name::Naming;

/// Carries one streamed answer from a provider to a client.
///
/// Between two of one family the bytes go through as they are, an event at a time, but for the model's name; otherwise
/// they are read and written anew. **Law: cutting the input anywhere changes nothing.** Whatever happens to the
/// provider, the client's stream looks finished only if the provider's was.
pub struct Relay {
    scanner: Scanner,
    reader: Box<dyn ReadStream>,
    alike: Alike,
    /// The client's family, for the words in which to say that the answer broke off.
    client: Api,
    echo: Echo,
    output: Output,
    report: Report,
    /// What must not be quoted to the client.
    keys: Keys,
    /// Whether the provider said that this was all, or that it failed.
    over: bool,
}

enum Output {
    /// The provider's own bytes, with the client's name for the model; `held` is the beginning of an event, behind so
    /// many whole ones.
    Verbatim {
        held: BytesMut,
        naming: Naming,
        events: u64,
    },
    /// The provider's own events as the elements of an array, for clients of its family that want one.
    Array {
        begun: bool,
        naming: Naming,
    },
    /// The provider's own events, taken out of the frames in which they came, for clients of their family.
    Unframed {
        /// For what the frames themselves tell.
        writer: Box<dyn WriteStream>,
        naming: Naming,
        /// Whether the frame under way is an event of the family, which goes to the client as it is.
        own: bool,
    },
    Translated {
        passage: Passage,
        writer: Box<dyn WriteStream>,
    },
}

impl Relay {
    /// A relay from `upstream` to `client`. Events of more than `limit` bytes end the answer with an error.
    pub fn new(client: Api, upstream: Api, echo: Echo, limit: usize, report: Report) -> Relay {
        Relay::framed(client, upstream, upstream.framing(), echo, limit, report)
    }

    /// The same from a provider that frames the events of `upstream` in its own way.
    pub fn framed(
        client: Api,
        upstream: Api,
        framing: Framing,
        echo: Echo,
        limit: usize,
        report: Report,
    ) -> Relay {
        let writer = || client.write().stream(echo.clone());
        let output = match client == upstream && !echo.is_text {
            true if echo.array => Output::Array { begun: false, naming: Naming::new(client, &echo) },
            true if framing == client.framing() => {
                Output::Verbatim { held: BytesMut::new(), naming: Naming::new(client, &echo), events: 0 }
            }
            true => Output::Unframed { writer: writer(), naming: Naming::new(client, &echo), own: false },
            false => Output::Translated { passage: Passage::new(upstream, client, &echo), writer: writer() },
        };
        let reader = upstream.read_stream(framing, output.aim());
        Relay::between(framing.scanner(limit), reader, client, echo, output, report)
    }

    /// A relay of server-sent events that go through as they are and that only `reader` understands.
    pub(crate) fn verbatim(
        client: Api,
        reader: Box<dyn ReadStream>,
        echo: Echo,
        limit: usize,
        report: Report,
    ) -> Relay {
        let output =
            Output::Verbatim { held: BytesMut::new(), naming: Naming::new(client, &echo), events: 0 };
        Relay::between(Framing::Events.scanner(limit), reader, client, echo, output, report)
    }

    fn between(
        scanner: Scanner,
        reader: Box<dyn ReadStream>,
        client: Api,
        echo: Echo,
        output: Output,
        report: Report,
    ) -> Relay {
        let (alike, echo) = (Alike::default(), lasting(client, echo));
        Relay { scanner, reader, alike, client, echo, output, report, keys: Keys::default(), over: false }
    }

    /// The same where a provider that fails may quote one of these, which are not the client's to see.
    pub(crate) fn hiding(self, keys: &Keys) -> Relay {
        Relay { keys: keys.clone(), ..self }
    }

    /// Takes the next piece of the provider's body and appends what the client gets for it.
    pub fn push(&mut self, piece: &[u8], now: Timestamp, out: &mut BytesMut) {
        let before = out.len();
        self.take(piece, now, out);
        self.hide(before, out);
        self.report.bytes_out += (out.len() - before) as u64;
    }

    /// Whether nothing that may still come can matter to the client.
    pub fn is_over(&self) -> bool {
        self.over && matches!(self.output, Output::Translated { .. })
    }

    /// Whether the client's stream may get a sign of life: between two events, and while there is more to come. An array
    /// has no place for one.
    pub(crate) fn may_be_interrupted(&self) -> bool {
        // A verbatim half event is held back, and what is written here is whole.
        !self.over && !matches!(self.output, Output::Array { .. })
    }

    /// The sign of life in the client's words.
    pub(crate) fn ping(&self) -> &'static [u8] {
        self.client.write().ping()
    }

    /// The provider's body has ended, or the client has: appends the last words and closes the account.
    pub fn finish(mut self, ending: Ending, now: Timestamp, out: &mut BytesMut) -> Report {
        let before = out.len();
        if ending == Ending::Complete {
            self.drain(now, out);
        }
        if !self.over {
            self.break_off(ending, out);
        }
        self.output.close(&mut self.report, out);
        self.hide(before, out);
        self.report.bytes_out += (out.len() - before) as u64;
        self.report.times.total = now.since(self.report.began);
        self.report
    }

    fn take(&mut self, piece: &[u8], now: Timestamp, out: &mut BytesMut) {
        let Relay { scanner, reader, alike, output, report, over, .. } = self;
        let scanned = scanner.push(piece, &mut |frame| {
            output.frame(frame, out);
            alike.read(frame, &mut **reader, &mut |event| {
                note(&event, now, report, over);
                output.check(&event, frame, report);
                output.push(event, now, report, out);
            });
        });
        match scanned {
            Ok(complete) => output.pass(piece, complete, out),
            Err(error) => self.fail(Error::upstream(error.to_string()), out),
        }
    }

    /// Reads what only lacks its blank line. An event of which only the beginning came is nobody's: it stays here.
    fn drain(&mut self, now: Timestamp, out: &mut BytesMut) {
        let Relay { scanner, reader, alike, output, report, over, .. } = self;
        let mut read = |event: Event<'_>, frame: Option<Frame<'_>>| {
            note(&event, now, report, over);
            frame.iter().for_each(|frame| output.check(&event, *frame, report));
            output.push(event, now, report, out);
        };
        let (mut last, mut torn) = (Vec::new(), false);
        scanner.finish(&mut |frame| {
            torn = !is_whole(frame.data);
            if !torn {
                last.extend_from_slice(frame.data);
                alike.read(frame, &mut **reader, &mut |event| read(event, Some(frame)));
            }
        });
        if torn {
            return;
        }
        reader.finish(&mut |event| read(event, None));
        if !last.is_empty() {
            output.element(&last, out);
        }
        if let (true, Output::Verbatim { held, naming, .. }) = (self.over, &mut self.output) {
            naming.events(&held.split(), out);
        }
    }

    /// Takes the operator's keys out of what the client gets from `begin` on, once there is an error.
    fn hide(&self, begin: usize, out: &mut BytesMut) {
        if self.report.error.is_some() && self.keys.are_in(out.get(begin..).unwrap_or_default()) {
            let said = out.split_off(begin).freeze();
            out.extend_from_slice(&self.keys.redact(said));
        }
    }

    fn break_off(&mut self, ending: Ending, out: &mut BytesMut) {
        self.report.outcome = Outcome::Cut;
        let why = match ending {
            Ending::Abandoned => {
                self.report.outcome = Outcome::Abandoned;
                return;
            }
            Ending::Complete => "The provider's stream ended before the answer did.".to_owned(),
            Ending::Broken(why) => format!("The provider's stream broke off: {why}."),
        };
        self.fail(Error::upstream(why), out);
        self.report.outcome = Outcome::Cut;
    }

    /// Tells the client, in its own words, that no more will come.
    fn fail(&mut self, error: Error, out: &mut BytesMut) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.report.fail_late(&error);
        match &mut self.output {
            Output::Translated { writer, .. } | Output::Unframed { writer, .. } => {
                writer.push(&Event::Fail(error), out);
            }
            Output::Array { .. } => {
                let mut element = BytesMut::new();
                self.client.write().error(&error, &self.echo, &mut element);
                self.output.element(&element, out);
            }
            Output::Verbatim { held, events, .. } => {
                held.clear();
                self.client.write().break_off(&error, self.echo.clone(), *events, out);
            }
        }
    }
}

impl Output {
    /// What the provider's stream is read for.
    fn aim(&self) -> Aim {
        match self {
            Output::Translated { .. } => Aim::Translation,
            Output::Verbatim { .. } | Output::Array { .. } | Output::Unframed { .. } => Aim::Account,
        }
    }

    /// A frame before it is read.
    fn frame(&mut self, frame: Frame<'_>, out: &mut BytesMut) {
        match self {
            Output::Array { .. } => self.element(frame.data, out),
            Output::Unframed { own, naming, .. } => {
                *own = frame.kind == Kind::Event;
                if *own {
                    let mut data = BytesMut::with_capacity(frame.data.len());
                    naming.data(frame.data, &mut data);
                    sse::write(frame.name, &data, out);
                }
            }
            Output::Verbatim { events, .. } => *events += 1,
            Output::Translated { .. } => {}
        }
    }

    /// Notes what an event of a frame has not as it is in there.
    fn check(&self, event: &Event<'_>, frame: Frame<'_>, report: &mut Report) {
        if let Output::Translated { .. } = self {
            unpaired::in_event(event, frame.data).iter().for_each(|loss| report.lose(loss));
        }
    }

    /// An event's data as the next element of the array.
    fn element(&mut self, data: &[u8], out: &mut BytesMut) {
        let Output::Array { begun, naming } = self else { return };
        out.extend_from_slice(if std::mem::replace(begun, true) { b",\n" } else { b"[" });
        naming.data(data, out);
    }

    /// The end of an array, and what a writer had no place for any more.
    fn close(&self, report: &mut Report, out: &mut BytesMut) {
        match self {
            Output::Array { begun: true, .. } => out.extend_from_slice(b"]"),
            Output::Translated { writer, .. } => writer.late().iter().for_each(|loss| report.lose(loss)),
            _ => {}
        }
    }

    fn push(&mut self, event: Event<'_>, now: Timestamp, report: &mut Report, out: &mut BytesMut) {
        match self {
            Output::Translated { passage, writer } => passage.push(event, &mut |event| {
                match &event {
                    Event::Lost(loss) => return report.lose(loss),
                    Event::End => writer.completed(now.seconds()),
                    _ => {}
                }
                writer.push(&event, out);
            }),
            Output::Unframed { writer, own: false, .. } => writer.push(&event, out),
            Output::Unframed { .. } | Output::Verbatim { .. } | Output::Array { .. } => {}
        }
    }

    /// Lets the provider's bytes through as far as their events are complete.
    fn pass(&mut self, piece: &[u8], complete: usize, out: &mut BytesMut) {
        let Output::Verbatim { held, naming, .. } = self else { return };
        let (whole, rest) = piece.split_at_checked(complete).unwrap_or((piece, &[]));
        if complete > 0 && !held.is_empty() {
            held.extend_from_slice(whole);
            naming.events(&held.split(), out);
        } else {
            naming.events(whole, out);
        }
        held.extend_from_slice(rest);
    }
}

/// What must be known of the client's request to the end.
fn lasting(client: Api, echo: Echo) -> Echo {
    if client.write().repeats_request() { echo } else { echo.without_request() }
}

/// Whether an event's data are all there: an object, or the words with which a chat ends.
fn is_whole(data: &[u8]) -> bool {
    data == b"[DONE]" || Outline::scan(data).is_ok()
}

/// Keeps the account of an event.
fn note(event: &Event<'_>, now: Timestamp, report: &mut Report, over: &mut bool) {
    match event {
        Event::End => *over = true,
        Event::Fail(error) => {
            report.fail_late(error);
            *over = true;
        }
        Event::Delta { delta: Delta::Text(_) | Delta::Thinking(_) | Delta::Arguments(_), .. } => {
            report.times.first_token.get_or_insert(now.since(report.began));
        }
        event => report.note(event),
    }
}
