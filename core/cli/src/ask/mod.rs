//! What servers ask of the user while a burner is made: shown and answered on the terminal, or by a program (`--json`).

mod dialogue;
mod picture;
mod program;
mod sixel;

pub(crate) use picture::remove_left;

use std::convert::Infallible;
use std::future::pending;
use std::io::stdin;
use std::path::Path;

use flashpaper::{Burner, Engine, Error, Event, Events, FieldKind, Input, Question, QuestionId};
use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use self::dialogue::{Dialogue, Heard};
use crate::chat::command::not_json;
use crate::editor::input;
use crate::output::{ANSWER, Output, SERVER, Screen, with_type};
use crate::stdio::to_stdout;
use crate::text::printable;
use crate::tty::Hidden;

/// Awaits a creation, and has the user or a program answer what is asked meanwhile.
pub(crate) async fn while_asking(
    engine: &Engine,
    screen: &mut Screen<'_>,
    creation: impl Future<Output = Result<Burner, Error>>,
) -> Result<Burner, Error> {
    let asker = Asker::new(engine, screen.output, screen.home);
    let work = async {
        tokio::select! {
            biased;
            created = creation => created,
            never = asker.run() => match never {},
        }
    };
    screen.during(SERVER, work).await
}

/// Who asks.
struct Asker<'a> {
    engine: &'a Engine,
    output: &'a Output,
    home: &'a Path,
    events: Events,
    /// The process goes on after it was stopped.
    continued: Option<Signal>,
    /// What is typed. Nothing is read before something is asked.
    lines: Option<mpsc::Receiver<input::Line>>,
    /// Nothing is typed any more.
    has_ended: bool,
    /// How the terminal draws pictures, if it does.
    drawing: Option<picture::Drawing>,
    /// What the user is asked.
    asked: Option<Asked<'a>>,
}

/// A question that the user is asked.
struct Asked<'a> {
    output: &'a Output,
    id: QuestionId,
    dialogue: Dialogue,
    file: Option<picture::File>,
    hidden: Option<Hidden>,
    /// The cursor stands behind the prompt.
    is_prompted: bool,
}

impl<'a> Asker<'a> {
    fn new(engine: &'a Engine, output: &'a Output, home: &'a Path) -> Self {
        remove_left(home);
        let continued = signal(SignalKind::from_raw(Number::CONT.as_raw())).ok();
        let events = engine.events(None);
        Self { engine, output, home, events, continued, lines: None, has_ended: false, drawing: None, asked: None }
    }

    /// Asks until it is dropped.
    async fn run(mut self) -> Infallible {
        loop {
            tokio::select! {
                biased;
                Some(event) = self.events.next() => self.event(&event),
                line = next(&mut self.lines) => self.line(line),
                Some(()) = continued(&mut self.continued) => self.asked.iter().for_each(Asked::resume),
            }
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Question { question, .. } if self.output.is_json() => {
                self.tell(self.engine.question(*question).ok());
            }
            Event::Lagged { .. } if self.output.is_json() => self.tell(self.open()),
            // The next one may be open by now: it is asked behind the steps that come before it.
            Event::QuestionEnded { .. } => self.look_away(),
            Event::Question { .. } | Event::Lagged { .. } => self.look(),
            _ => {}
        }
    }

    /// The questions that are open.
    fn open(&self) -> Vec<Question> {
        self.engine.snapshot().questions
    }

    /// Tells a program of questions.
    fn tell(&mut self, questions: impl IntoIterator<Item = Question>) {
        for question in questions {
            self.output.object(&with_type("question", &question));
            self.listen(question.id);
        }
    }

    /// Asks the user no more what is not open any more.
    fn look_away(&mut self) {
        let open = self.open();
        if self.asked.as_ref().is_some_and(|asked| open.iter().all(|question| question.id != asked.id)) {
            self.end();
            self.output.line("  the server does not wait for an answer any more");
        }
    }

    /// Asks the user what is open, and no more what is not.
    fn look(&mut self) {
        self.look_away();
        if let (None, Some(question)) = (&self.asked, self.open().into_iter().next()) {
            if self.has_ended {
                return self.decline(question.id);
            }
            let id = question.id;
            if self.lines.is_none() && question.form.fields.iter().any(|field| field.picture.is_some()) {
                self.drawing = picture::drawing();
            }
            let asked = Asked::new(self.output, question);
            self.output.has_words();
            self.output.line(&asked.dialogue.opening());
            self.asked = Some(asked);
            self.show();
            self.listen(id);
        }
    }

    /// Reads from now on. Where nothing comes any more, nobody can answer.
    fn listen(&mut self, question: QuestionId) {
        if self.has_ended {
            self.decline(question);
        } else {
            self.lines.get_or_insert_with(input::lines);
        }
    }

    /// Where that fails, it is not open any more.
    fn decline(&self, question: QuestionId) {
        let _ = self.engine.decline(question);
    }

    fn line(&mut self, line: Option<input::Line>) {
        let Some(line) = line else {
            (self.lines, self.has_ended) = (None, true);
            return self.open().iter().for_each(|question| self.decline(question.id));
        };
        if self.output.is_json() {
            self.obey(line);
        } else {
            self.hear(line);
        }
    }

    fn obey(&self, line: input::Line) {
        let done = match line {
            Ok(line) if line.trim().is_empty() => Ok(()),
            Ok(line) => program::obey(self.engine, &line),
            Err(bad) => Err(not_json(Some(bad))),
        };
        if let Err(error) = done {
            self.output.object(&error);
        }
    }

    fn hear(&mut self, line: input::Line) {
        // What is typed while nothing is asked answers nothing.
        let Some(asked) = &mut self.asked else { return };
        asked.is_prompted = false;
        let id = asked.id;
        let heard = match line {
            Ok(line) => asked.dialogue.hear(&line),
            Err(bad) => Heard::Again(bad.reason()),
        };
        let done = match heard {
            Heard::More => return asked.prompt(),
            Heard::Next => return self.show(),
            Heard::Again(why) => return self.again(why),
            Heard::All(answers) => self.engine.answer(id, answers),
            Heard::Another => self.engine.ask_anew(id),
            Heard::Decline => self.engine.decline(id),
        };
        match (done, &mut self.asked) {
            (Err(Error::InvalidInput { input: Input::Answer { fault } }), Some(asked)) => {
                let why = asked.dialogue.refused(fault);
                self.again(why);
            }
            // That it is not open any more is told when the event comes.
            (Err(_), _) => self.look(),
            (Ok(()), _) => self.end(),
        }
    }

    fn again(&mut self, why: &str) {
        self.output.line(&format!("  {why}"));
        self.show();
    }

    /// Shows the field that is asked.
    fn show(&mut self) {
        let Some(asked) = &mut self.asked else { return };
        asked.file = None;
        self.output.line(&asked.dialogue.asking());
        let Some((place, field)) = asked.dialogue.field() else { return };
        let drawn = field.picture.as_ref().zip(self.drawing).and_then(|(picture, by)| picture::drawn(picture, by));
        match (&field.picture, drawn) {
            (_, Some(codes)) => drop(to_stdout(&codes)),
            (Some(picture), None) => match picture::File::write(self.home, place + 1, picture) {
                Ok(file) => {
                    let path = printable(&file.path().display().to_string());
                    self.output.whole(&format!("the picture, until this is answered: {path}"));
                    asked.file = Some(file);
                }
                Err(_) => drop(self.output.line("the picture cannot be written to the folder")),
            },
            (None, None) => {}
        }
        asked.prompt();
    }

    /// Ends the dialogue: the server goes on.
    fn end(&mut self) {
        self.asked = None;
        self.output.wait_for(ANSWER);
    }
}

impl<'a> Asked<'a> {
    fn new(output: &'a Output, question: Question) -> Self {
        output.ask(true);
        let (id, dialogue) = (question.id, Dialogue::new(question));
        Self { output, id, dialogue, file: None, hidden: None, is_prompted: false }
    }

    /// Asks for a line.
    fn prompt(&mut self) {
        let is_secret = self.dialogue.field().is_some_and(|(_, field)| field.kind == FieldKind::Secret);
        self.hidden = if is_secret { Hidden::begin(stdin()) } else { None };
        let _ = to_stdout(PROMPT);
        self.is_prompted = true;
    }

    /// The terminal may be as anybody left it.
    fn resume(&self) {
        self.hidden.iter().for_each(Hidden::resume);
        let _ = to_stdout(PROMPT);
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.is_prompted {
            let _ = to_stdout("\n");
        }
        self.output.ask(false);
    }
}

const PROMPT: &str = "> ";

/// The next line, while any is read.
async fn next(lines: &mut Option<mpsc::Receiver<input::Line>>) -> Option<input::Line> {
    match lines {
        Some(lines) => lines.recv().await,
        None => pending().await,
    }
}

async fn continued(signal: &mut Option<Signal>) -> Option<()> {
    signal.as_mut()?.recv().await
}
