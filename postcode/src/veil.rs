//! Postcodes in logs: a mark in place of each, by which the lines about one can be told from those about others while the
//! process lives, and nobody can be found at home. The one place where a postcode may go into a log.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use crate::code::Code;

/// Sixteen hexadecimal digits: a keyed hash (SipHash). The key is drawn when the process starts and is never told. There
/// are two million postcodes: without a key all could be tried.
pub(crate) fn veil(code: Code) -> String {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    format!("{:016x}", KEY.hash_one(code))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;
    use crate::config::{Config, Source};
    use crate::country::{BRITAIN, Country};
    use crate::http::{Adapter, Setup};
    use crate::limits;
    use crate::provider::Deadline;
    use crate::simulator::{Fault, Simulator};

    /// A log that is read by a test.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Log;
        fn make_writer(&'a self) -> Log {
            self.clone()
        }
    }

    #[test]
    fn one_postcode_has_one_mark_and_another_has_another() {
        let code = |text| Code::parse(BRITAIN, text).unwrap();
        assert_eq!(veil(code("DH1 3LE")), veil(code("dh13le")));
        assert_ne!(veil(code("DH1 3LE")), veil(code("DH1 3LF")));
        assert_eq!(veil(code("DH1 3LE")).len(), 16);
    }

    #[tokio::test]
    async fn the_fullest_log_names_neither_postcodes_nor_secrets() {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
        let singapore = Code::parse(Country::parse("SG").unwrap(), "307987").unwrap();
        let british = Code::parse(BRITAIN, "DH1 3LE").unwrap();
        // The test's runtime has one thread, so every task of it logs here.
        let _here = tracing::subscriber::set_default(subscriber.finish());
        let simulator = Simulator::start().await.unwrap();
        let adapter = Adapter::new(Setup::default());
        adapter.configure(&Config::load(&Source::Simulated(simulator.url())).unwrap()).unwrap();
        for fault in [Fault::None, Fault::Reset, Fault::Oversized, Fault::Unauthorised] {
            simulator.break_all_down(fault);
            // Another test's thread that comes by a line for the first time just when this log begins can put it to silence for all.
            tracing::callsite::rebuild_interest_cache();
            adapter.places().forget_all();
            for code in [british, singapore] {
                adapter.places().resolve(code, Deadline::after(limits::LOAD)).await;
            }
        }
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains(&veil(british)) && text.contains(&veil(singapore)), "{text}");
        for secret in ["DH1 3LE", "DH13LE", "DH1%203LE", "DH1+3LE", "307987", "password", "token-"] {
            assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
        }
    }
}
