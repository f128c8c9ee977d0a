//! A report's JSON form, written by hand: each request ends in one.

use super::{Failure, Outcome, Report, Times};
use crate::ir::Usage;
use crate::wire::json::Writer;

impl Report {
    /// Writes its JSON form, which is what `POST /v1/reports` takes; what is not known is not in it.
    pub fn write(&self, out: &mut Writer<'_>) {
        out.object(|o| {
            o.key("id").string(&self.id);
            o.key("host").string(&self.host);
            o.key("began").integer(self.began.0);
            text("operation", Some(&*self.operation).filter(|word| !word.is_empty()), o);
            text("client", self.client.map(|api| api.name()), o);
            text("upstream", self.upstream.map(|api| api.name()), o);
            o.key("model").string(&self.model);
            o.key("provider").string(&self.provider);
            o.key("provider_model").string(&self.provider_model);
            o.key("stream").boolean(self.stream);
            o.key("status").integer(self.status);
            o.key("outcome").string(self.outcome.word());
            self.error.iter().for_each(|error| error.write(o.key("error")));
            o.key("attempts").integer(self.attempts);
            text("trouble", self.trouble.as_deref(), o);
            write_usage(&self.usage, o.key("usage"));
            text("stop", self.stop.as_deref(), o);
            o.key("losses").array(|a| self.losses.iter().for_each(|loss| a.string(loss)));
            self.times.write(o.key("times"));
            o.key("bytes_in").integer(self.bytes_in);
            o.key("bytes_out").integer(self.bytes_out);
        });
    }
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Failed => "failed",
            Outcome::Cut => "cut",
            Outcome::Abandoned => "abandoned",
        }
    }
}

impl Failure {
    fn write(&self, out: &mut Writer<'_>) {
        out.object(|o| {
            o.key("kind").string(&self.kind);
            o.key("fault").string(&self.fault);
        });
    }
}

impl Times {
    fn write(&self, out: &mut Writer<'_>) {
        out.object(|o| {
            count("head", self.head, o);
            count("first_token", self.first_token, o);
            o.key("total").integer(self.total);
        });
    }
}

fn write_usage(usage: &Usage, out: &mut Writer<'_>) {
    out.object(|o| {
        count("input", usage.input, o);
        count("output", usage.output, o);
        count("cache_read", usage.cache_read, o);
        count("cache_write", usage.cache_write, o);
        count("cache_write_1h", usage.cache_write_1h, o);
        count("reasoning", usage.reasoning, o);
        count("audio_input", usage.audio_input, o);
        count("audio_output", usage.audio_output, o);
    });
}

fn text(name: &str, value: Option<&str>, o: &mut Writer<'_>) {
    if let Some(value) = value {
        o.key(name).string(value);
    }
}

fn count(name: &str, value: Option<u64>, o: &mut Writer<'_>) {
    if let Some(value) = value {
        o.key(name).integer(value);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;
    use crate::api::Api;
    use crate::timestamp::Timestamp;

    fn any_usage() -> impl Strategy<Value = Usage> {
        any::<[Option<u64>; 8]>().prop_map(|counts| {
            let [
                input,
                output,
                cache_read,
                cache_write,
                cache_write_1h,
                reasoning,
                audio_input,
                audio_output,
            ] = counts;
            Usage {
                input,
                output,
                cache_read,
                cache_write,
                cache_write_1h,
                reasoning,
                audio_input,
                audio_output,
            }
        })
    }

    fn any_report() -> impl Strategy<Value = Report> {
        let outcomes = [Outcome::Answered, Outcome::Failed, Outcome::Cut, Outcome::Abandoned];
        let apis = [None, Some(Api::Completions), Some(Api::Generate)];
        let words = any::<[String; 11]>();
        let times = any::<(Option<u64>, Option<u64>, u64, u64)>();
        let small = (any::<bool>(), any::<u16>(), any::<u32>(), any::<bool>());
        let picks = (prop::sample::select(outcomes.to_vec()), prop::sample::select(apis.to_vec()));
        (words, times, small, picks, any_usage()).prop_map(|(words, times, small, picks, usage)| {
            let [id, host, operation, model, provider, provider_model, kind, fault, stop, loss, trouble] =
                words;
            let (head, first_token, total, began) = times;
            let (stream, status, attempts, whole) = small;
            Report {
                id,
                host: host.into(),
                began: Timestamp(began),
                operation: operation.into(),
                client: picks.1,
                upstream: picks.1,
                model,
                provider,
                provider_model,
                stream,
                status,
                outcome: picks.0,
                error: whole.then_some(Failure { kind, fault }),
                attempts,
                trouble: whole.then_some(trouble),
                usage,
                stop: whole.then_some(stop.into()),
                losses: vec![loss],
                times: Times { head, first_token, total },
                bytes_in: total,
                bytes_out: began,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(report in any_report()) {
            let mut out = BytesMut::new();
            report.write(&mut Writer::new(&mut out));
            prop_assert_eq!(serde_json::from_slice::<Report>(&out).unwrap(), report);
        }
    }

    #[test]
    fn what_is_not_known_is_not_there() {
        let mut out = BytesMut::new();
        Report { id: "1".to_owned(), ..Report::default() }.write(&mut Writer::new(&mut out));
        let expected = r#"{"id":"1","host":"","began":0,"model":"","provider":"","provider_model":"","stream":false,"status":0,"outcome":"answered","attempts":0,"usage":{},"losses":[],"times":{"total":0},"bytes_in":0,"bytes_out":0}"#;
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
