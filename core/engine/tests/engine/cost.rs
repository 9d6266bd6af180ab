//! What a text costs, as `cargo xtask bench cost` measures it, with fewer rounds: counts alone, as times depend on the machine.

// What is measured, and the goals.
#[path = "../../benches/cost/figures/mod.rs"]
mod figures;

use figures::{Done, Figures};

/// Not a test: what is looked at, where the test below begins it.
#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn in_a_child() -> Done {
    figures::in_a_child().map(drop)
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn a_text_costs_few_syncs_and_no_more_where_much_is_kept() -> Done {
    let own = std::env::current_exe()?;
    let own = [own.to_str().ok_or("path")?, "--exact", "cost::in_a_child", "--ignored", "--nocapture"];
    let figures = Figures::measure(&own, [0, 100_000], 1)?;
    println!("{figures}");
    for goal in figures.goals() {
        assert!(goal.is_time || goal.is_met(), "{}: NOT MET", goal.name);
    }
    Ok(())
}
