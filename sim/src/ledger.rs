//! What many runs came to: figures, faults and answers by kind, and which seeds broke a law. Says it now and then while they run, and
//! keeps it in a file, if one is named, from which a run that was stopped goes on.
use sim::{Heard, Kind, Length, Run, Sums};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fmt, fs, io};

/// A long run says where it is, and writes it down, this often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// One stretch of a long run: the seeds that one build of the program did without being stopped.
struct Piece {
    seeds: Range<u64>,
    commit: String,
    /// Time that passed, in s.
    took: f64,
    threads: usize,
}

pub(crate) struct Ledger {
    length: Length,
    seeds: Range<u64>,
    file: Option<PathBuf>,
    before: Vec<Piece>,
    now: Piece,
    began: Instant,
    said: Instant,
    sums: Sums,
    /// Seeds that broke a law, each with what it was.
    failed: Vec<(u64, String)>,
    /// Runs that have ended before one with a lower seed.
    early: BTreeMap<u64, Run>,
}

impl Ledger {
    /// Of these seeds; goes on with what the file holds, if it is there.
    pub(crate) fn open(
        seeds: Range<u64>,
        length: Length,
        threads: usize,
        commit: String,
        file: Option<PathBuf>,
    ) -> io::Result<Ledger> {
        let (now, first) = (Instant::now(), seeds.start);
        let piece = Piece { seeds: first..first, commit, took: 0.0, threads };
        let (sums, early) = (Sums::default(), BTreeMap::new());
        let mut ledger = Ledger {
            length,
            seeds,
            file,
            before: vec![],
            now: piece,
            began: now,
            said: now,
            sums,
            failed: vec![],
            early,
        };
        let written = ledger.file.as_ref().filter(|file| file.exists()).map(fs::read_to_string).transpose()?;
        if let Some(text) = written {
            ledger.go_on(&text).map_err(|why| io::Error::other(format!("read the ledger: {why}")))?;
        }
        Ok(ledger)
    }
    /// The first seed that is not done.
    pub(crate) fn next(&self) -> u64 {
        self.now.seeds.end
    }
    /// A run has ended. Runs are entered by seed, so that what is written down is of all seeds up to one and of no other.
    pub(crate) fn enter(&mut self, seed: u64, run: Run) {
        self.early.insert(seed, run);
        while let Some(run) = self.early.remove(&self.now.seeds.end) {
            self.sums.add(&run.sums);
            if let Some(violation) = run.violation {
                self.failed.push((self.now.seeds.end, violation.law));
            }
            self.now.seeds.end += 1;
        }
        if self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            eprintln!("{self}");
            self.keep();
        }
    }
    pub(crate) fn failed(&self) -> impl Iterator<Item = u64> {
        self.failed.iter().map(|(seed, _)| *seed)
    }
    /// Writes it down. A crash leaves the file as it was or as it is.
    pub(crate) fn keep(&mut self) {
        self.now.took = self.began.elapsed().as_secs_f64();
        let Some(file) = &self.file else { return };
        let beside = file.with_extension("new");
        if let Err(error) = fs::write(&beside, self.text()).and_then(|()| fs::rename(&beside, file)) {
            eprintln!("write the ledger {}: {error}", file.display());
        }
    }

    fn text(&self) -> String {
        let Sums { events, reigns, asked, answers, unknown, fetched, unsound, committed, faults } = &self.sums;
        let mut lines = vec![format!("seeds {} {} {:?}", self.seeds.start, self.seeds.end, self.length)];
        let pieces = self.before.iter().chain([&self.now]).filter(|piece| !piece.seeds.is_empty());
        lines.extend(pieces.map(|Piece { seeds, commit, took, threads }| {
            format!("piece {} {} {took:.1} {threads} {commit}", seeds.start, seeds.end)
        }));
        let counts = [
            ("events", events),
            ("reigns", reigns),
            ("asked", asked),
            ("unknown", unknown),
            ("fetched", fetched),
            ("unsound", unsound),
            ("committed", committed),
        ];
        lines.extend(counts.map(|(name, count)| format!("count {name} {count}")));
        lines.extend(answers.iter().map(|(kind, count)| format!("answer {kind:?} {count}")));
        lines.extend(faults.iter().map(|(kind, count)| format!("fault {kind:?} {count}")));
        lines.extend(self.failed.iter().map(|(seed, law)| format!("broken {seed} {law}")));
        lines.join("\n") + "\n"
    }
    fn go_on(&mut self, text: &str) -> Result<(), String> {
        for line in text.lines() {
            let mut words = line.split(' ');
            self.line(&mut words).ok_or_else(|| format!("it is of other seeds, or damaged: {line}"))?;
        }
        let next = self.before.last().map_or(self.seeds.start, |piece| piece.seeds.end);
        self.now.seeds = next..next;
        Ok(())
    }
    fn line<'a>(&mut self, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let Sums { events, reigns, asked, answers, unknown, fetched, unsound, committed, faults } = &mut self.sums;
        match words.next()? {
            "seeds" => {
                let seeds = words.next()?.parse().ok()?..words.next()?.parse().ok()?;
                (seeds == self.seeds && words.next()? == format!("{:?}", self.length)).then_some(())?;
            }
            "piece" => {
                let seeds = words.next()?.parse().ok()?..words.next()?.parse().ok()?;
                let (took, threads) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                self.before.push(Piece { seeds, took, threads, commit: words.collect::<Vec<_>>().join(" ") });
            }
            "count" => {
                let sum = match words.next()? {
                    "events" => events,
                    "reigns" => reigns,
                    "asked" => asked,
                    "unknown" => unknown,
                    "fetched" => fetched,
                    "unsound" => unsound,
                    "committed" => committed,
                    _ => return None,
                };
                *sum = words.next()?.parse().ok()?;
            }
            "answer" => {
                let name = words.next()?;
                let kind = Heard::ALL.iter().find(|kind| format!("{kind:?}") == name)?;
                answers.insert(*kind, words.next()?.parse().ok()?);
            }
            "fault" => {
                let name = words.next()?;
                let kind = Kind::ALL.iter().find(|kind| format!("{kind:?}") == name)?;
                faults.insert(*kind, words.next()?.parse().ok()?);
            }
            "broken" => self.failed.push((words.next()?.parse().ok()?, words.collect::<Vec<_>>().join(" "))),
            _ => return None,
        }
        Some(())
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ledger { length, now, before, sums, failed, .. } = self;
        let runs = now.seeds.end - self.seeds.start;
        let took = self.began.elapsed().as_secs_f64();
        let speed = (now.seeds.end - now.seeds.start) as f64 * length.seconds() as f64 / took / now.threads as f64;
        let all: f64 = before.iter().map(|piece| piece.took).sum::<f64>() + took;
        writeln!(
            f,
            "{runs} seeds of {} s: {} s of virtual time in {all:.1} s",
            length.seconds(),
            runs * length.seconds()
        )?;
        writeln!(f, "{speed:.0} times real time on each of {} threads", now.threads)?;
        let Sums { events, reigns, asked, answers, unknown, fetched, unsound, committed, faults } = sums;
        writeln!(f, "{events} events, {reigns} reigns, {committed} entries committed")?;
        let told: Vec<String> =
            Heard::ALL.iter().map(|kind| format!("{kind:?} {}", answers.get(kind).unwrap_or(&0))).collect();
        writeln!(f, "{asked} requests: {}, {unknown} outcomes unknown", told.join(", "))?;
        writeln!(f, "{fetched} snapshots fetched, {unsound} disks lost or found unsound")?;
        let kinds: Vec<String> =
            Kind::ALL.iter().map(|kind| format!("{kind:?} {}", faults.get(kind).unwrap_or(&0))).collect();
        writeln!(f, "{} faults: {}", faults.values().sum::<u64>(), kinds.join(", "))?;
        write!(f, "{} seeds broke a law", failed.len())?;
        failed.iter().try_for_each(|(seed, law)| write!(f, "\n  {seed}: {law}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::{Trace, run};
    use std::collections::BTreeSet;

    #[test]
    fn a_long_run_that_was_stopped_goes_on_where_it_was() {
        let open = || Ledger::open(5..9, Length::Short, 1, "a build".into(), None).unwrap();
        let mut first = open();
        for seed in [8, 6, 5] {
            first.enter(seed, run(seed, Length::Short, &BTreeSet::new(), Trace::none()));
        }
        first.failed.push((6, "I9: told by hand".into()));
        let mut second = open();
        second.go_on(&first.text()).unwrap();
        assert_eq!((second.next(), second.text()), (7, first.text()));
        assert!(open().go_on("seeds 5 8 Short").is_err());
    }
}
