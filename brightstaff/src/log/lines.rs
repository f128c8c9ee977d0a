//! Lines for a slow sink: collected by whoever has one, written by one thread in batches.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long lines may wait for company.
const GATHER: Duration = Duration::from_millis(20);

/// The most bytes that wait; further lines are dropped and counted, for a sink that stands still must not stop requests.
const MOST_WAITING: usize = 8 * 1024 * 1024;

/// Where lines are pushed. Clones share one sink.
#[derive(Clone)]
pub struct Lines {
    shelf: Arc<Shelf>,
}

struct Shelf {
    waiting: Mutex<Waiting>,
    /// Told when the first line comes, and when all are written.
    news: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    /// Whether the thread has taken lines that are not written yet.
    writing: bool,
    /// Whether somebody waits in [`Lines::flush`], so that no company is waited for.
    flushing: bool,
}

impl Lines {
    /// Starts the thread that writes to `sink`.
    pub fn start(sink: impl Write + Send + 'static) -> Lines {
        let shelf = Arc::new(Shelf { waiting: Mutex::default(), news: Condvar::new() });
        let theirs = Arc::clone(&shelf);
        std::thread::spawn(move || theirs.write_all(sink));
        Lines { shelf }
    }

    /// Waits until everything is written.
    pub fn flush(&self) {
        let mut waiting = self.shelf.lock();
        waiting.flushing = true;
        self.shelf.news.notify_all();
        while waiting.writing || !waiting.bytes.is_empty() {
            waiting = self.shelf.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.flushing = false;
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.bytes.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if first {
            self.news.notify_all();
        }
    }

    fn write_all(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let dropped = self.take(&mut batch);
            // Nobody is left to be told that the log cannot be written.
            let _ = sink.write_all(&batch);
            if dropped > 0 {
                let _ =
                    writeln!(sink, "{{\"level\":\"WARN\",\"target\":\"log\",\"dropped_lines\":{dropped}}}");
            }
            let _ = sink.flush();
            batch.clear();
            self.lock().writing = false;
            self.news.notify_all();
        }
    }

    /// Waits for lines and takes them all; gives how many were dropped since.
    fn take(&self, batch: &mut Vec<u8>) -> u64 {
        let mut waiting = self.lock();
        while waiting.bytes.is_empty() {
            waiting = self.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if !waiting.flushing {
            let gathered = self.news.wait_timeout_while(waiting, GATHER, |waiting| !waiting.flushing);
            (waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut waiting.bytes, batch);
        waiting.writing = true;
        std::mem::take(&mut waiting.dropped)
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { shelf: &self.shelf }
    }
}

/// Takes lines, each whole.
pub struct Line<'a> {
    shelf: &'a Shelf,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.shelf.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
