//! A story file: prose, and scenes of commands over what they lead to. Knows the shape of the text, not what a command means.
use crate::commands;
use crate::world::World;

/// Between the commands of a scene and what comes out.
const RULE: &str = "----";

/// Plays a story and gives it back with what really came out in the place of what was written.
pub(crate) fn played(text: &str) -> String {
    let mut world = World::default();
    let paragraphs = text.trim_end().split("\n\n").map(|paragraph| retold(&mut world, paragraph));
    paragraphs.collect::<Vec<_>>().join("\n\n") + "\n"
}

/// One paragraph: prose stays as it is; a scene is played.
fn retold(world: &mut World, paragraph: &str) -> String {
    let lines: Vec<&str> = paragraph.trim_matches('\n').lines().collect();
    let Some(rule) = lines.iter().position(|line| *line == RULE) else { return lines.join("\n") };
    let (script, _) = lines.split_at(rule);
    for line in script {
        commands::carry_out(world, line);
    }
    let mut told = world.told();
    if told.is_empty() {
        told.push("(nothing)".into());
    }
    format!("{}\n{RULE}\n{}", script.join("\n"), told.join("\n"))
}
