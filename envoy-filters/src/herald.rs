//! What the log is told of reports that do not arrive.

/// How many ticks pass between two lines about losses: a minute of them.
const BETWEEN_LOSSES: u32 = 300;

/// Tells of a trouble when it begins and when it is over, and not in between; of losses at once, and of those that follow
/// once a minute.
#[derive(Default)]
pub(crate) struct Herald {
    is_troubled: bool,
    lost: usize,
    /// Ticks until losses are told again.
    silence: u32,
}

impl Herald {
    /// A batch did not arrive, and why; `waiting` reports are sent again.
    pub(crate) fn failed(&mut self, why: &str, waiting: usize) -> Option<String> {
        let begins = !std::mem::replace(&mut self.is_troubled, true);
        begins.then(|| format!("reports do not arrive: {why}; {waiting} wait, and it is tried again"))
    }

    /// A batch did not arrive and never will, and why.
    pub(crate) fn refused(&mut self, why: &str, count: usize) -> Option<String> {
        self.lost += count;
        let begins = !std::mem::replace(&mut self.is_troubled, true);
        begins.then(|| format!("reports do not arrive: {why}; they are lost"))
    }

    /// A batch arrived; `waiting` more follow it.
    pub(crate) fn arrived(&mut self, waiting: usize) -> Option<String> {
        let is_over = std::mem::take(&mut self.is_troubled);
        is_over.then(|| format!("reports arrive again; {waiting} more wait"))
    }

    /// A tick has passed, in which so many reports had to give way.
    pub(crate) fn tick(&mut self, gave_way: usize) -> Option<String> {
        self.lost += gave_way;
        self.silence = self.silence.saturating_sub(1);
        if self.lost == 0 || self.silence > 0 {
            return None;
        }
        self.silence = BETWEEN_LOSSES;
        Some(format!("{} reports were lost", std::mem::take(&mut self.lost)))
    }

    /// Nobody will send the `waiting` reports any more, nor tell of those that are lost already.
    pub(crate) fn stop(&mut self, waiting: usize) -> Option<String> {
        let lost = std::mem::take(&mut self.lost) + waiting;
        (lost > 0).then(|| format!("{lost} reports were lost: Envoy stops before they arrived"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_when_it_begins_and_when_it_is_over() {
        let mut herald = Herald::default();
        assert_eq!(herald.arrived(0), None);
        let told = herald.failed("status 503", 7).unwrap();
        assert!(told.contains("status 503") && told.contains("7 wait"), "{told}");
        assert_eq!(herald.failed("status 503", 8), None);
        assert_eq!(herald.refused("status 400", 8), None);
        assert!(herald.arrived(9).unwrap().contains("9 more wait"));
        assert_eq!(herald.arrived(0), None);
        assert!(herald.failed("no answer", 1).is_some());
    }

    #[test]
    fn every_loss_is_told_but_not_each_in_a_line() {
        let mut herald = Herald::default();
        assert_eq!(herald.tick(0), None);
        assert_eq!(herald.tick(2).as_deref(), Some("2 reports were lost"));
        let lines: Vec<_> = (1..BETWEEN_LOSSES).filter_map(|_| herald.tick(1)).collect();
        assert_eq!(lines, [""; 0]);
        assert!(herald.refused("no cluster", 3).unwrap().contains("no cluster"));
        assert_eq!(herald.tick(0).as_deref(), Some("302 reports were lost"));
        assert_eq!(herald.tick(0), None);
        assert_eq!(herald.stop(0), None);
        assert_eq!(herald.tick(3), None);
        assert!(herald.stop(4).unwrap().starts_with("7 reports were lost"));
    }
}
