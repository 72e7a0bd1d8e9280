//! The loop begins its log's writes and goes on; what cannot be begun without waiting is done by a helper. Knows the order of tasks.
use super::error::StorageError;
use super::handle::spawn;
use super::inline::all;
use super::writer::{Later, Task, Writer};
use crate::disk::{Landed, Lane};
use crate::log::Batch;
use crate::sync::thread::JoinHandle;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What comes from other threads.
pub(super) enum Word {
    /// The keeper has something for the writer.
    Task(Task),
    /// The helper gives the writer back, or says why not.
    Back(Box<Writer>, Result<(), StorageError>),
}

/// Where the writer is.
enum Hands {
    Free(Box<Writer>),
    /// The disk writes this batch, whose blocks the lane holds.
    Writing(Box<Writer>, Batch),
    /// A helper has it.
    Away(JoinHandle<()>),
    /// The disk has failed.
    Broken,
}

/// The writer of a loop that never waits.
pub(super) struct Ring {
    lane: Box<dyn Lane>,
    hands: Hands,
    waiting: VecDeque<Task>,
    words: UnboundedReceiver<Word>,
    word: UnboundedSender<Word>,
}

/// Where other threads put words, and where they come out.
pub(super) fn queue() -> (UnboundedSender<Word>, UnboundedReceiver<Word>, Later) {
    let (word, words) = unbounded_channel();
    let later = word.clone();
    (word, words, Arc::new(move |task| drop(later.send(Word::Task(task)))))
}

impl Ring {
    pub(super) fn new(
        writer: Writer,
        lane: Box<dyn Lane>,
        word: UnboundedSender<Word>,
        words: UnboundedReceiver<Word>,
    ) -> Ring {
        Ring { lane, hands: Hands::Free(Box::new(writer)), waiting: VecDeque::new(), words, word }
    }

    pub(super) fn task(&mut self, task: Task) {
        self.waiting.push_back(task);
        self.go_on();
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut done = Poll::Pending;
        while let Poll::Ready(Some(word)) = self.words.poll_recv(context) {
            self.hear(word);
            self.go_on();
            done = Poll::Ready(());
        }
        if matches!(self.hands, Hands::Writing(..))
            && let Poll::Ready(landed) = self.lane.poll(context)
        {
            self.landed(landed);
            done = Poll::Ready(());
        }
        done
    }

    fn hear(&mut self, word: Word) {
        match word {
            Word::Task(task) => self.waiting.push_back(task),
            Word::Back(writer, outcome) => self.back(writer, outcome),
        }
    }

    fn back(&mut self, writer: Box<Writer>, outcome: Result<(), StorageError>) {
        self.hands = match outcome {
            Ok(()) => Hands::Free(writer),
            Err(error) => {
                writer.failed(error);
                Hands::Broken
            }
        };
    }

    fn landed(&mut self, (blocks, written): Landed) {
        let Hands::Writing(mut writer, batch) = self.take_hands() else { unreachable!("only then something lands") };
        let outcome = writer.store.complete(Batch { blocks, ..batch }, written);
        if outcome.is_ok() {
            writer.flushed();
        }
        self.back(writer, outcome);
        self.go_on();
    }

    /// Begins whatever can be begun.
    fn go_on(&mut self) {
        match self.take_hands() {
            Hands::Free(mut writer) => match gather(&mut writer, &mut self.waiting) {
                Ok(Some(batch)) => self.write(writer, batch),
                Ok(None) if self.waiting.is_empty() => self.hands = Hands::Free(writer),
                Ok(None) => self.send_away(writer),
                Err(error) => self.back(writer, Err(error)),
            },
            Hands::Broken => self.waiting.clear(),
            busy => self.hands = busy,
        }
    }
    fn write(&mut self, writer: Box<Writer>, mut batch: Batch) {
        let blocks = std::mem::replace(&mut batch.blocks, crate::disk::Aligned::none());
        self.lane.begin(&batch.file, batch.at, blocks, batch.bytes);
        self.hands = Hands::Writing(writer, batch);
    }
    /// The first of what waits would wait for the disk: a promise, a snapshot, a large write, a segment that is not there yet.
    fn send_away(&mut self, mut writer: Box<Writer>) {
        let mut tasks: VecDeque<Task> = self.waiting.pop_front().into_iter().collect();
        let word = self.word.clone();
        self.hands = Hands::Away(spawn("log", move || {
            let outcome = all(&mut writer, &mut tasks);
            drop(word.send(Word::Back(writer, outcome)));
        }));
    }
    fn take_hands(&mut self) -> Hands {
        std::mem::replace(&mut self.hands, Hands::Broken)
    }

    pub(super) fn close(&mut self) {
        loop {
            match self.take_hands() {
                Hands::Free(mut writer) => {
                    let outcome = all(&mut writer, &mut self.waiting);
                    self.back(writer, outcome);
                    break;
                }
                Hands::Writing(writer, batch) => {
                    self.hands = Hands::Writing(writer, batch);
                    let landed = self.lane.wait();
                    self.landed(landed);
                }
                Hands::Away(helper) => {
                    drop(helper.join());
                    // Nothing is begun before all is heard: the keeper's word may come before the one that brings the writer back.
                    while let Ok(word) = self.words.try_recv() {
                        self.hear(word);
                    }
                }
                Hands::Broken => break,
            }
        }
        self.hands = Hands::Broken;
    }
}

/// Takes in the writes that can be taken without waiting, and makes a batch of them.
fn gather(writer: &mut Writer, waiting: &mut VecDeque<Task>) -> Result<Option<Batch>, StorageError> {
    while let Some(Task::Write(write, _)) = waiting.front()
        && writer.store.takes_at_once(write)
    {
        let task = waiting.pop_front().expect("it is in front");
        writer.take(task)?;
    }
    let batch = writer.store.begin()?;
    if batch.is_none() {
        // The log is unsound and takes nothing.
        writer.flushed();
    }
    Ok(batch)
}
