//! How well a classifier tells the names of burners from those of people. Prints a table with the goal, or with `--json` one
//! object with the keys `auc`, `auc_equal_length`, `mean_length` and `mean_length_of_people`.
//!
//! The environment variable `FLASHPAPER_NAMES` names the file with people's user names: one a line, or as `cargo xtask bench
//! names` fetches it.

mod classifier;
mod engine;
mod people;

use std::error::Error;

/// So many names of each kind are compared.
const COUNT: usize = 1700;
/// A burner's name is to be no easier to tell than this.
const GOAL: f64 = 0.70;

fn main() -> Result<(), Box<dyn Error>> {
    let people = people::read(COUNT)?;
    let mut burners = engine::names(5 * COUNT);
    let (equal_people, equal_burners) = of_equal_length(&people, &burners);
    burners.truncate(people.len());

    let auc = classifier::auc(&people, &burners);
    let equal = classifier::auc(&equal_people, &equal_burners);
    let [ours, theirs] = [&burners, &people].map(|names| mean_length(names));
    if std::env::args().any(|arg| arg == "--json") {
        let figures = serde_json::json!({
            "auc": auc, "auc_equal_length": equal, "mean_length": ours, "mean_length_of_people": theirs,
        });
        println!("{figures}");
    } else {
        println!("{} names of people, {} of burners: letters {theirs:.1} and {ours:.1}", people.len(), burners.len());
        println!("{:<40}{:>7}{:>7}", "told apart (0.5: not at all, 1: always)", "AUC", "goal");
        println!("{:<40}{auc:>7.3}{GOAL:>7.2}", "as they are");
        println!("{:<40}{equal:>7.3}{GOAL:>7.2}", "pairs of equal length");
    }
    Ok(())
}

/// For each person's name one of a burner that is as long, where there is one.
fn of_equal_length(people: &[String], burners: &[String]) -> (Vec<String>, Vec<String>) {
    let mut left = burners.to_vec();
    let pair = |person: &String| {
        let place = left.iter().position(|burner| burner.len() == person.len())?;
        Some((person.clone(), left.swap_remove(place)))
    };
    people.iter().filter_map(pair).unzip()
}

fn mean_length(names: &[String]) -> f64 {
    names.iter().map(|name| name.len() as f64).sum::<f64>() / names.len() as f64
}
