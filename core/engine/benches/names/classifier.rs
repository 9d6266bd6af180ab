//! Logistic regression on the runs of one to four characters of a name, with marks for its beginning and end.

use std::collections::HashMap;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

const FOLDS: usize = 5;
const ROUNDS: usize = 30;
/// How strongly weights are drawn to zero.
const DECAY: f64 = 0.001;

/// The n-grams of a name with their counts, and whether it is a burner's.
struct Example {
    runs: Vec<usize>,
    of_burner: bool,
}

/// How often a burner's name has a higher score than the user's, each scored by what was learnt from the others.
pub(super) fn auc(people: &[String], burners: &[String]) -> f64 {
    let mut numbers = HashMap::new();
    let mut of = |names: &[String], of_burner| -> Vec<Example> {
        names.iter().map(|name| Example { runs: runs(name, &mut numbers), of_burner }).collect()
    };
    let mut examples: Vec<Example> =
        [(people, false), (burners, true)].map(|(names, ours)| of(names, ours)).into_iter().flatten().collect();
    let mut rng = StdRng::seed_from_u64(1);
    examples.shuffle(&mut rng);
    let mut scores = Vec::new();
    for fold in 0..FOLDS {
        let (apart, learnt): (Vec<_>, Vec<_>) =
            examples.iter().enumerate().partition(|(place, _)| place % FOLDS == fold);
        let mut learnt: Vec<&Example> = learnt.into_iter().map(|(_, example)| example).collect();
        let weights = learn(&mut learnt, numbers.len(), &mut rng);
        scores.extend(apart.into_iter().map(|(_, example)| (score(&weights, example), example.of_burner)));
    }
    area(scores)
}

fn runs(name: &str, numbers: &mut HashMap<String, usize>) -> Vec<usize> {
    let marked = format!("^{name}$");
    let spans = (1..=4).flat_map(|length| (length..=marked.len()).map(move |end| end - length..end));
    let mut number = |run: &str| {
        let next = numbers.len();
        *numbers.entry(run.to_owned()).or_insert(next)
    };
    spans.map(|span| number(&marked[span])).collect()
}

/// By stochastic gradient descent.
fn learn(examples: &mut [&Example], count: usize, rng: &mut StdRng) -> Vec<f64> {
    let mut weights = vec![0.0; count];
    // What all weights are still to be multiplied with.
    let mut scale = 1.0;
    let mut step = 0.0;
    for _ in 0..ROUNDS {
        examples.shuffle(rng);
        for example in &*examples {
            let rate = 0.05 / (1.0 + step * 0.05 * DECAY);
            step += 1.0;
            let guess = 1.0 / (1.0 + (-scale * score(&weights, example)).exp());
            scale *= 1.0 - rate * DECAY;
            let change = rate * (f64::from(u8::from(example.of_burner)) - guess) / scale;
            for run in &example.runs {
                weights[*run] += change;
            }
        }
    }
    weights.iter().map(|weight| weight * scale).collect()
}

fn score(weights: &[f64], example: &Example) -> f64 {
    example.runs.iter().map(|run| weights[*run]).sum()
}

/// The area under the curve of true and false alarms; ties count half.
fn area(mut scores: Vec<(f64, bool)>) -> f64 {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut people, mut burners, mut area) = (0.0, 0.0, 0.0);
    for equal in scores.chunk_by(|a, b| a.0 == b.0) {
        let of_burners = equal.iter().filter(|(_, of_burner)| *of_burner).count() as f64;
        let of_people = equal.len() as f64 - of_burners;
        area += of_burners * (people + of_people / 2.0);
        people += of_people;
        burners += of_burners;
    }
    area / people / burners
}
