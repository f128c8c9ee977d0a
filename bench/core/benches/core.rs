//! The same cases by the clock: `cargo bench -p bench-core`.

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for case in bench_core::cases::all() {
        let work = (case.ready)();
        criterion.bench_function(&case.name, |bencher| bencher.iter(&work));
    }
    criterion.final_summary();
}
