//! The exit codes of `jh`, decided here and nowhere else. Knows failures; prints nothing.

use std::process::ExitCode;

use crate::failure::Failure;

/// How a command ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: a check (`drill`, `verify`) found something wrong.
    Wrong,
    /// 2: the flags, a file or the local directory must be corrected first.
    Usage,
    /// 3: the service understood and refused.
    Refused,
    /// 4: refused because of the stage or version something is in.
    Conflict,
    /// 5: not executed, because the service could not be reached in time.
    Unavailable,
    /// 6: sent, but whether it was executed is not known.
    Unknown,
}

impl Exit {
    /// The number given to the operating system.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Wrong => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Conflict => 4,
            Exit::Unavailable => 5,
            Exit::Unknown => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Exit {
        match failure {
            // Whoever reads our output has read enough (`jh order list | head`): that is success.
            Failure::PipeClosed => Exit::Ok,
            Failure::Wrong(_) => Exit::Wrong,
            Failure::Usage(_) | Failure::Local { .. } => Exit::Usage,
            Failure::Refused(problem) => match problem.status {
                409 | 412 => Exit::Conflict,
                _ => Exit::Refused,
            },
            Failure::Unavailable { .. } | Failure::Garbled { .. } => Exit::Unavailable,
            Failure::Unknown { .. } => Exit::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::error::Problem;

    fn refused(status: u16) -> Exit {
        Exit::from(&Failure::Refused(Box::new(Problem { status, ..Problem::default() })))
    }

    #[test]
    fn every_failure_has_the_code_that_scripts_rely_on() {
        assert_eq!(Exit::Ok.code(), 0);
        assert_eq!(Exit::from(&Failure::Usage("no items".into())).code(), 2);
        assert_eq!([refused(422).code(), refused(404).code(), refused(410).code()], [3, 3, 3]);
        assert_eq!([refused(409).code(), refused(412).code()], [4, 4]);
        assert_eq!(Exit::from(&Failure::Unavailable { what: String::new() }).code(), 5);
        assert_eq!(Exit::from(&Failure::Unknown { what: String::new(), key: None }).code(), 6);
        assert_eq!(Exit::from(&Failure::Wrong("1 lost".into())).code(), 1);
        assert_eq!(Exit::from(&Failure::PipeClosed).code(), 0);
    }
}
