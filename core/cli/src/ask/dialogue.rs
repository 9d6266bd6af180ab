//! How a question is asked and answered line by line, without I/O. All texts of the server's are quoted.

use std::collections::VecDeque;

use flashpaper::{Answer, AnswerFault, Answers, Field, FieldKind, Question, QuestionForm};
use zeroize::Zeroizing;

use crate::text::{printable, quoted};

/// Asks for another picture.
const ANOTHER: &str = "/another";
/// Gives the server up.
const DECLINE: &str = "/decline";

/// A question, and what of it is answered.
pub(crate) struct Dialogue {
    server: String,
    form: QuestionForm,
    answers: Answers,
    /// The places of the fields that are to be asked yet.
    left: VecDeque<usize>,
    /// Of an answer of several lines, those that are typed.
    lines: Zeroizing<String>,
}

/// What a line that was typed has come to.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// More lines are to come.
    More,
    /// It was the answer to a field; another field comes.
    Next,
    /// It is no answer, and why. The field is asked again.
    Again(&'static str),
    /// All is answered.
    All(Answers),
    /// Another picture is wanted.
    Another,
    /// The server is given up.
    Decline,
}

impl Dialogue {
    pub(crate) fn new(question: Question) -> Self {
        let left = (0..question.form.fields.len()).collect();
        let (server, answers) = (printable(question.server.as_str()), Answers::default());
        Self { server, form: question.form, answers, left, lines: Zeroizing::default() }
    }

    /// What stands above all fields.
    pub(crate) fn opening(&self) -> String {
        let mut rows = vec![format!("{} asks before it makes an account:", self.server)];
        let texts = [&self.form.title, &self.form.instructions];
        rows.extend(texts.into_iter().filter(|text| !text.is_empty()).map(|text| quoted(text)));
        rows.push(format!("{ANOTHER}: another picture; {DECLINE}: not this server; Ctrl-C: no burner"));
        rows.join("\n")
    }

    /// The field that is asked, and its place.
    pub(crate) fn field(&self) -> Option<(usize, &Field)> {
        let place = *self.left.front()?;
        Some((place, self.form.fields.get(place)?))
    }

    /// What stands above its answer, but for a picture.
    pub(crate) fn asking(&self) -> String {
        let Some((place, field)) = self.field() else { return String::new() };
        let optional = self.form.fields.iter().filter(|field| !field.required).count();
        let need = match self.form.choose {
            _ if field.required => "required".to_owned(),
            choose => format!("answer {choose} of {optional} such"),
        };
        let mut rows =
            vec![format!("{} of {}, {need}, {}:", place + 1, self.form.fields.len(), kind_text(&field.kind))];
        if !field.label.is_empty() {
            rows.push(quoted(&field.label));
        }
        if let FieldKind::One(options) | FieldKind::Some(options) = &field.kind {
            rows.extend((1..).zip(options).map(|(number, option)| quoted(&format!("{number}: {option}"))));
        }
        if let Some(preset) = &field.preset {
            rows.push(format!("an empty answer is the one that the server suggests:\n{}", preset_text(field, preset)));
        }
        rows.join("\n")
    }

    /// Takes what was typed.
    pub(crate) fn hear(&mut self, line: &str) -> Heard {
        match line.trim() {
            ANOTHER => return Heard::Another,
            DECLINE => return Heard::Decline,
            _ => {}
        }
        let Some((place, field)) = self.field() else { return Heard::All(self.answers.clone()) };
        let has_lines = matches!(field.kind, FieldKind::Lines | FieldKind::Addresses);
        if has_lines && !line.trim().is_empty() {
            self.lines.push_str(line);
            self.lines.push('\n');
            return Heard::More;
        }
        let typed = if has_lines { self.lines.trim_end_matches('\n') } else { line };
        let read = if typed.trim().is_empty() { empty(field) } else { read(field, typed).map(Some) };
        let heard = match read {
            Ok(answer) => self.take(place, answer),
            Err(why) => Heard::Again(why),
        };
        self.lines = Zeroizing::default();
        heard
    }

    /// Goes on after an answer, or none to what may be left out.
    fn take(&mut self, place: usize, answer: Option<Answer>) -> Heard {
        self.left.pop_front();
        match answer {
            Some(answer) => drop(self.answers.0.insert(place, answer)),
            None => drop(self.answers.0.remove(&place)),
        }
        let is_optional = |place: &usize| self.form.fields.get(*place).is_some_and(|field| !field.required);
        if self.answers.0.keys().filter(|place| is_optional(place)).count() >= self.form.choose {
            // Nobody says more than has to be said.
            self.left.retain(|place| !is_optional(place));
        }
        if self.left.is_empty() { Heard::All(self.answers.clone()) } else { Heard::Next }
    }

    /// The answers do not fit: says why, and asks for those that are wrong.
    pub(crate) fn refused(&mut self, fault: AnswerFault) -> &'static str {
        let (wrong, why) = match fault {
            AnswerFault::Missing { field } => (Some(field), NEEDED),
            AnswerFault::Unfit { field } => (Some(field), "that is no answer to it, or too long"),
            AnswerFault::TooFew => (None, "too few are answered"),
        };
        let is_wrong = |(place, field): &(usize, &Field)| match wrong {
            Some(wrong) => u32::try_from(*place) == Ok(wrong),
            None => !field.required && !self.answers.0.contains_key(place),
        };
        self.left = self.form.fields.iter().enumerate().filter(is_wrong).map(|(place, _)| place).collect();
        why
    }
}

const NEEDED: &str = "it has to be answered";

/// What an empty line means for a field.
fn empty(field: &Field) -> Result<Option<Answer>, &'static str> {
    match &field.preset {
        None if field.required => Err(NEEDED),
        preset => Ok(preset.clone()),
    }
}

fn read(field: &Field, typed: &str) -> Result<Answer, &'static str> {
    match &field.kind {
        FieldKind::Secret => Ok(text(typed)),
        FieldKind::Text | FieldKind::Lines | FieldKind::Address | FieldKind::Addresses => Ok(text(typed.trim())),
        FieldKind::YesNo => match &*typed.trim().to_lowercase() {
            "y" | "yes" => Ok(Answer::YesNo(true)),
            "n" | "no" => Ok(Answer::YesNo(false)),
            _ => Err("either yes, or no"),
        },
        FieldKind::One(options) => match numbers(typed, options.len()).as_deref() {
            Some([place]) => Ok(Answer::Chosen(vec![*place])),
            _ => Err("the number of one of them"),
        },
        FieldKind::Some(options) => {
            numbers(typed, options.len()).map(Answer::Chosen).ok_or("their numbers, with blanks between them")
        }
    }
}

fn text(text: &str) -> Answer {
    Answer::Text(Zeroizing::new(text.to_owned()))
}

/// The places that numbers name, each once.
fn numbers(typed: &str, options: usize) -> Option<Vec<usize>> {
    let words = typed.split([' ', ',']).filter(|word| !word.is_empty());
    let places = words.map(|word| word.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < options));
    let mut places = places.collect::<Option<Vec<_>>>()?;
    places.sort_unstable();
    places.dedup();
    (!places.is_empty()).then_some(places)
}

const fn kind_text(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "one line",
        FieldKind::Secret => "one line, which is not shown",
        FieldKind::Lines => "lines, an empty one ends them",
        FieldKind::YesNo => "yes or no",
        FieldKind::One(_) => "the number of one",
        FieldKind::Some(_) => "the numbers of some",
        FieldKind::Address => "an XMPP address",
        FieldKind::Addresses => "XMPP addresses, one a line, an empty line ends them",
    }
}

/// What the server suggests; of a secret, that there is something.
fn preset_text(field: &Field, preset: &Answer) -> String {
    quoted(&match preset {
        Answer::Text(_) if field.kind == FieldKind::Secret => "(not shown)".to_owned(),
        Answer::Text(text) => text.as_str().to_owned(),
        Answer::YesNo(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Answer::Chosen(places) => places.iter().map(|place| (place + 1).to_string()).collect::<Vec<_>>().join(" "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(label: &str, kind: FieldKind) -> Field {
        Field { label: label.into(), kind, required: true, is_challenge: false, preset: None, picture: None }
    }

    fn dialogue(fields: Vec<Field>, choose: usize) -> Dialogue {
        let form = QuestionForm { title: "Title".into(), instructions: "one\ntwo".into(), fields, choose };
        let (burner, server) = ("9f".to_owned().into(), "jabber.example".to_owned().into());
        Dialogue::new(Question { id: 1.into(), burner, server, form })
    }

    fn options() -> Vec<String> {
        vec!["red".into(), "green".into(), "blue".into()]
    }

    /// What a line is to a field that stands alone.
    fn answer(kind: FieldKind, line: &str) -> Result<Answer, &'static str> {
        match dialogue(vec![field("", kind)], 0).hear(line) {
            Heard::All(Answers(mut answers)) => Ok(answers.remove(&0).unwrap()),
            Heard::Again(why) => Err(why),
            heard => panic!("{heard:?}"),
        }
    }

    #[test]
    fn a_line_is_read_by_the_kind_of_its_field() {
        use FieldKind::{Address, One, Secret, Some, Text, YesNo};
        let chosen = |places: &[usize]| Answer::Chosen(places.to_vec());
        for (kind, line, expected) in [
            (Text, " 7hx9 ", text("7hx9")),
            (Secret, " s3cret ", text(" s3cret ")),
            (Address, "me@jabber.example", text("me@jabber.example")),
            (YesNo, "Y", Answer::YesNo(true)),
            (YesNo, "no ", Answer::YesNo(false)),
            (One(options()), "3", chosen(&[2])),
            (Some(options()), "3, 1 1", chosen(&[0, 2])),
            (Text, "/another one", text("/another one")),
        ] {
            assert_eq!(answer(kind.clone(), line), Ok(expected), "{kind:?} {line:?}");
        }
        for (kind, line) in [
            (Text, " "),
            (Secret, ""),
            (YesNo, "perhaps"),
            (One(options()), "red"),
            (One(options()), "0"),
            (One(options()), "4"),
            (One(options()), "1 2"),
            (Some(options()), "1 4"),
            (Some(options()), ","),
            (Some(options()), "99999999999999999999"),
        ] {
            assert!(answer(kind.clone(), line).is_err(), "{kind:?} {line:?}");
        }
    }

    #[test]
    fn several_lines_end_with_an_empty_one() {
        let mut asked = dialogue(vec![field("", FieldKind::Lines), field("", FieldKind::Text)], 0);
        assert_eq!(asked.hear(""), Heard::Again(NEEDED));
        assert_eq!((asked.hear("one"), asked.hear("two"), asked.hear("")), (Heard::More, Heard::More, Heard::Next));
        let Heard::All(answers) = asked.hear("three") else { panic!() };
        assert_eq!((&answers.0[&0], &answers.0[&1]), (&text("one\ntwo"), &text("three")));
    }

    #[test]
    fn what_is_suggested_is_taken_by_an_empty_answer() {
        let mut suggested = field("", FieldKind::Some(options()));
        suggested.preset = Some(Answer::Chosen(vec![0, 2]));
        let mut asked = dialogue(vec![suggested], 0);
        assert!(asked.asking().ends_with("an empty answer is the one that the server suggests:\n    | 1 3"));
        let Heard::All(answers) = asked.hear("") else { panic!() };
        assert_eq!(answers.0[&0], Answer::Chosen(vec![0, 2]));
        let mut secret = field("", FieldKind::Secret);
        secret.preset = Some(text("swordfish"));
        assert!(!dialogue(vec![secret], 0).asking().contains("swordfish"));
    }

    #[test]
    fn of_challenges_only_so_many_are_asked_as_have_to_be_answered() {
        let mut fields: Vec<_> = (0..4).map(|n| field(&n.to_string(), FieldKind::Text)).collect();
        fields.iter_mut().take(3).for_each(|field| field.required = false);
        let mut asked = dialogue(fields, 1);
        assert!(asked.asking().starts_with("1 of 4, answer 1 of 3 such, one line:"), "{}", asked.asking());
        assert_eq!(asked.hear(""), Heard::Next, "it may be left out");
        assert_eq!(asked.hear("two"), Heard::Next);
        assert_eq!(asked.field().unwrap().0, 3, "the third need not be answered any more");
        let Heard::All(answers) = asked.hear("four") else { panic!() };
        assert_eq!(answers.0.keys().copied().collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn only_what_does_not_fit_is_asked_again() {
        let mut fields = vec![field("", FieldKind::Text), field("", FieldKind::Address), field("", FieldKind::Text)];
        fields[2].required = false;
        let mut asked = dialogue(fields, 1);
        assert_eq!((asked.hear("one"), asked.hear("me@")), (Heard::Next, Heard::Next));
        assert!(matches!(asked.hear(""), Heard::All(_)));
        asked.refused(AnswerFault::TooFew);
        assert_eq!(asked.field().unwrap().0, 2);
        assert!(matches!(asked.hear("three"), Heard::All(_)));
        asked.refused(AnswerFault::Unfit { field: 1 });
        assert_eq!(asked.field().unwrap().0, 1);
        let Heard::All(answers) = asked.hear("me@jabber.example") else { panic!() };
        let expected = [(0, text("one")), (1, text("me@jabber.example")), (2, text("three"))];
        assert_eq!(answers.0.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_question_can_be_replaced_and_declined_at_any_field() {
        for kind in [FieldKind::Text, FieldKind::Lines, FieldKind::YesNo, FieldKind::Secret] {
            let mut asked = dialogue(vec![field("", kind)], 0);
            assert_eq!((asked.hear("/another "), asked.hear("/decline")), (Heard::Another, Heard::Decline));
        }
    }

    #[test]
    fn no_text_of_the_servers_begins_a_row() {
        let mut forged = field("forged\u{1b}[2J", FieldKind::One(vec!["forged\nforged".into()]));
        forged.preset = Some(text("forged\rforged"));
        let mut asked = dialogue(vec![forged], 0);
        asked.form.title = "forged".into();
        asked.form.instructions = "forged\nforged".into();
        let shown = format!("{}\n{}", asked.opening(), asked.asking());
        let rows: Vec<_> = shown.lines().filter(|row| row.contains("forged")).collect();
        assert_eq!(rows.len(), 7, "{shown}");
        assert!(rows.iter().all(|row| row.starts_with("    | ")) && !shown.contains(['\u{1b}', '\r']), "{shown}");
        assert!(shown.contains("1 of 1, required, the number of one:\n"), "{shown}");
    }
}
