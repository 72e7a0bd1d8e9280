//! Supervises small shell commands. Every test waits for something to happen, with a deadline.

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

struct Bench {
    dir: tempfile::TempDir,
    orders: watch::Sender<Order>,
    events: mpsc::Receiver<Event>,
    task: tokio::task::JoinHandle<()>,
}

fn shell(script: &str) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let program = Program {
        name: "child".into(),
        exe: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        dir: dir.path().to_owned(),
        stop_within: Duration::from_millis(200),
    };
    let (orders, received) = watch::channel(Order::Run);
    let (sender, events) = mpsc::channel(64);
    let task = tokio::task::spawn_local(supervise(program, received, sender));
    Bench { dir, orders, events, task }
}

impl Bench {
    async fn event(&mut self) -> Event {
        tokio::time::timeout(DEADLINE, self.events.recv()).await.expect("an event in time").expect("a supervisor")
    }

    /// The pid once it is another than `before` and the child has said it is up.
    async fn pid(&self, before: u32) -> u32 {
        let begun = Instant::now();
        loop {
            let read = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
            let pid: u32 = read("child.pid").trim().parse().unwrap_or(0);
            if pid != 0 && pid != before && read("child.log").contains(&format!("up {pid}")) {
                return pid;
            }
            assert!(begun.elapsed() < DEADLINE, "no new pid");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(self, order: Order) {
        self.orders.send(order).unwrap();
        tokio::time::timeout(DEADLINE, self.task).await.expect("it stops in time").unwrap();
        assert!(!self.dir.path().join("child.pid").exists());
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

fn is_alive(pid: u32) -> bool {
    rustix::process::test_kill_process(Pid::from_raw(pid as i32).unwrap()).is_ok()
}

#[test]
fn a_killed_child_is_started_again_at_once_under_a_new_pid() {
    run(async {
        let mut bench = shell("echo up $$; exec sleep 1000");
        let first = bench.pid(0).await;
        kill(first, Signal::KILL);
        match bench.event().await {
            Event::Died { how, .. } => assert_eq!(how, "killed by signal 9"),
            other => panic!("{other:?}"),
        }
        let second = bench.pid(first).await;
        bench.end(Order::Stop).await;
        assert!(!is_alive(second));
    });
}

#[test]
fn a_child_that_keeps_dying_is_reported_with_its_last_words() {
    run(async {
        let mut bench = shell("echo cannot open the disk >&2; exit 7");
        let last_lines = loop {
            if let Event::KeepsDying { how, last_lines, .. } = bench.event().await {
                assert_eq!(how, "ended with exit code 7");
                break last_lines;
            }
        };
        assert!(last_lines.iter().any(|line| line == "cannot open the disk"), "{last_lines:?}");
        bench.end(Order::Stop).await;
    });
}

#[test]
fn a_child_that_will_not_stop_is_killed() {
    run(async {
        let bench = shell("trap '' TERM; echo up $$; while :; do sleep 0.05; done");
        let pid = bench.pid(0).await;
        bench.end(Order::Stop).await;
        assert!(!is_alive(pid));
    });
}

#[test]
fn a_frozen_child_is_stopped_too() {
    run(async {
        let bench = shell("echo up $$; exec sleep 1000");
        let pid = bench.pid(0).await;
        kill(pid, Signal::STOP);
        bench.end(Order::Stop).await;
        assert!(!is_alive(pid));
    });
}

#[test]
fn a_program_that_does_not_exist_is_said_to_be_so() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let program = Program {
            name: "child".into(),
            exe: "/nonexistent/program".into(),
            args: vec![],
            dir: dir.path().to_owned(),
            stop_within: DEADLINE,
        };
        let (orders, received) = watch::channel(Order::Run);
        let (sender, mut events) = mpsc::channel(64);
        let task = tokio::task::spawn_local(supervise(program, received, sender));
        assert!(matches!(events.recv().await, Some(Event::CannotStart { .. })));
        orders.send(Order::Kill).unwrap();
        task.await.unwrap();
    });
}
