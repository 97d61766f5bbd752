//! What the made-up people say: short conversations with gaps for things, places and days, told again and again with
//! others in them.

/// Names to sign in with and to be called by. Nobody is called so.
pub(super) const PEOPLE: [(&str, &str); 12] = [
    ("ada.lantern", "Ada Lantern"),
    ("bo.kettle", "Bo Kettle"),
    ("cleo.marble", "Cleo Marble"),
    ("dov.compass", "Dov Compass"),
    ("esme.thimble", "Esme Thimble"),
    ("finn.barrel", "Finn Barrel"),
    ("gwen.pebble", "Gwen Pebble"),
    ("hugo.ladder", "Hugo Ladder"),
    ("ines.button", "Ines Button"),
    ("juno.saddle", "Juno Saddle"),
    ("kai.whistle", "Kai Whistle"),
    ("lila.anchor", "Lila Anchor"),
];

/// The channels beside `General`: names and topics.
pub(super) const CHANNELS: [(&str, &str); 5] = [
    ("workshop", "What is on the bench, and what is missing from it"),
    ("kitchen", "Lunch, leftovers and whose turn it is"),
    ("garden", "Beds, seeds and weather"),
    ("trips", "Where to, when, and who brings the map"),
    ("books", "One a month, no spoilers before the last Friday"),
];

/// Conversations by channel, `General` first. Each line is spoken by the person of its letter.
const CONVERSATIONS: [&[&[(char, &str)]]; 6] = [
    &[
        &[
            ('a', "Good morning! Is anybody at the {place} today?"),
            ('b', "From ten on. Do you need something?"),
            ('a', "Only the {thing} that I forgot there on {day}."),
            ('b', "It is on the shelf by the door, I saw it yesterday."),
            ('a', "You are a star, thank you."),
        ],
        &[
            ('a', "Reminder: the meeting moves to {day}, same time."),
            ('b', "Works for me."),
            ('c', "I may be a little late, please start without me."),
            ('a', "Fine. Notes will be here afterwards."),
        ],
        &[
            ('a', "Does anyone have a spare {thing}? Ours gave up this morning."),
            ('b', "There is one at the {place}, but it squeaks."),
            ('a', "Squeaking is all right."),
            ('c', "I have oil for that. Bring it by on {day}."),
            ('a', "Deal."),
        ],
        &[
            ('a', "The new sign for the {place} is up. Have a look when you pass."),
            ('b', "It is lovely! Who painted it?"),
            ('c', "Guilty."),
            ('b', "Then you are doing the next one too."),
            ('c', "I walked right into that."),
        ],
        &[
            ('a', "Who has the key to the {place}?"),
            ('b', "I gave it back on {day}."),
            ('c', "It hangs behind the {thing}. I wrote it on the list."),
            ('a', "Found it. I should read the list."),
        ],
    ],
    &[
        &[
            ('a', "The {thing} is back together. It even turns."),
            ('b', "Which part was it in the end?"),
            ('a', "A washer the size of a lentil."),
            ('b', "It is always the lentil."),
        ],
        &[
            ('a', "I need a second pair of hands on {day}, about an hour."),
            ('b', "What for?"),
            ('a', "Lifting the {thing} onto the bench without dropping it this time."),
            ('c', "I can come at four."),
            ('b', "Me too, then it is half an hour."),
        ],
        &[
            ('a', "What glue holds on old varnish?"),
            ('b', "None, sand it first."),
            ('c', "Agreed. 180 grit, then 240, and be patient between the coats."),
            ('a', "Patience is what I came here to avoid."),
        ],
        &[
            ('a', "Drill bits: we are out of 4 mm again."),
            ('b', "I ordered two packs, they come on {day}."),
            ('a', "Then the {thing} can wait until {day}."),
        ],
        &[
            ('a', "Measured the {place} for the shelves: 2.14 m by 0.96 m."),
            ('b', "I got 2.12."),
            ('a', "Then one of us bought a bad tape."),
            ('c', "2.13, with a steel rule. Build it at 2.11 and nobody has to know."),
            ('b', "Settled."),
        ],
    ],
    &[
        &[
            ('a', "Soup today: leek and potato, enough for six."),
            ('b', "One bowl for me please!"),
            ('c', "And one for me. I bring bread."),
            ('a', "Half past twelve at the {place}."),
        ],
        &[
            ('a', "Whose turn is it with the {thing}?"),
            ('b', "Mine was on {day}."),
            ('c', "Then it is me. Tonight, promised."),
            ('a', "I will look tomorrow, and I will not say a word."),
            ('c', "You just did."),
        ],
        &[
            ('a', "Somebody left a whole lemon cake here. Is it for everyone?"),
            ('b', "Yes! It was too large for two."),
            ('a', "It is no longer too large for anybody."),
        ],
        &[
            ('a', "We are out of coffee. This is not a drill."),
            ('b', "On my way past the shop, two bags?"),
            ('a', "Three. It is only the start of the week."),
            ('c', "And filters, please."),
            ('b', "Coffee, three, filters, one. Anything else?"),
            ('a', "Our gratitude."),
        ],
    ],
    &[
        &[
            ('a', "First tomatoes are red. Help yourselves, the basket is by the {place}."),
            ('b', "Already had three. They are excellent."),
            ('a', "I could tell from the trail."),
        ],
        &[
            ('a', "Frost on {day}, says the forecast."),
            ('b', "I will cover the beans."),
            ('c', "There is fleece in the shed, behind the {thing}."),
            ('b', "Got it. Is the tap drained?"),
            ('a', "Since yesterday."),
        ],
        &[
            ('a', "Something eats the kale. Holes like lace."),
            ('b', "Small and green, or slow and slimy?"),
            ('a', "Nowhere to be seen."),
            ('c', "Caterpillars. Look under the leaves in the evening."),
            ('a', "I will bring a lamp and no mercy."),
        ],
        &[
            ('a', "Who waters this week? I am away until {day}."),
            ('b', "I can do mornings."),
            ('c', "And I do evenings."),
            ('a', "Thank you both! The hose by the {place} drips, a bucket is under it."),
        ],
    ],
    &[
        &[
            ('a', "Walk on {day}? Twelve kilometres, one hill, one inn."),
            ('b', "In this order?"),
            ('a', "Hill first, so that the inn is deserved."),
            ('b', "Count me in."),
            ('c', "Me too. I bring the {thing}."),
        ],
        &[
            ('a', "The 8:14 goes from platform 3 now."),
            ('b', "Since when?"),
            ('a', "Since I stood on platform 5 and waved to it."),
            ('c', "Oh no. See you at the {place} then, we keep you a seat."),
        ],
        &[
            ('a', "Two places are free in the car on {day}."),
            ('b', "One for me, if you pass the {place}."),
            ('a', "I do. A quarter to nine?"),
            ('b', "I will be there with biscuits."),
        ],
        &[
            ('a', "Does anybody still have the big map?"),
            ('b', "It lies under the {thing}. Use the left half, the right half is coffee."),
            ('a', "We walk east then."),
        ],
    ],
    &[
        &[
            ('a', "Finished chapter nine. I did not see that coming."),
            ('b', "No spoilers, I am on seven!"),
            ('a', "Read faster."),
            ('b', "I have a {thing} to repair, a life and four pages a night."),
        ],
        &[
            ('a', "Next month: something short, please."),
            ('b', "The one about the lighthouse has 140 pages."),
            ('c', "Seconded. There are two copies at the {place}."),
            ('a', "Then it is the lighthouse."),
        ],
        &[
            ('a', "Can I borrow the first part from someone?"),
            ('b', "Mine comes back on {day}, you are next."),
            ('a', "No hurry. Is the second part worth it?"),
            ('b', "Better than the first."),
            ('c', "Disagree! But lend it, and then we argue properly."),
        ],
        &[
            ('a', "Best first sentence you know?"),
            ('b', "Too hard. Best last one?"),
            ('c', "Also too hard. Best title?"),
            ('a', "This is how we never choose a book."),
        ],
    ],
];

const THINGS: [&str; 10] =
    ["ladder", "lamp", "bicycle pump", "kettle", "toolbox", "radio", "folding table", "clock", "wheelbarrow", "stove"];
const PLACES: [&str; 7] = ["workshop", "old mill", "boat house", "back room", "north gate", "library corner", "shed"];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Something that somebody says.
pub(super) struct Line {
    /// In which channel, 0 is `General`.
    pub(super) channel: usize,
    /// Who.
    pub(super) author: usize,
    /// What.
    pub(super) content: String,
    /// How long after the line before, as a share of all the pauses.
    pub(super) pause: u32,
}

/// The conversations of one channel, without end, the same in every run.
pub(super) struct Talk {
    channel: usize,
    state: u64,
    /// What is left of the conversation that goes on, the last line first.
    rest: Vec<Line>,
}

impl Talk {
    /// Of this channel, 0 is `General`.
    pub(super) fn of(channel: usize) -> Self {
        Self { channel, state: channel as u64, rest: Vec::new() }
    }

    /// A number below `end`: a linear congruential generator, which is good enough to choose a kettle.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap_or_default() % end
    }

    fn begin(&mut self) {
        let channel = self.channel;
        let conversation = CONVERSATIONS[channel][self.below(CONVERSATIONS[channel].len())];
        // Three different people: a step of at most five from one to the next comes not around twelve.
        let first = self.below(PEOPLE.len());
        let second = first + 1 + self.below(5);
        let third = second + 1 + self.below(5);
        let (thing, place, day) = (THINGS[self.below(10)], PLACES[self.below(7)], DAYS[self.below(7)]);
        let mut pause = 30;
        for (speaker, text) in conversation {
            let author = match speaker {
                'a' => first,
                'b' => second,
                _ => third,
            };
            let content = text.replace("{thing}", thing).replace("{place}", place).replace("{day}", day);
            self.rest.push(Line { channel, author: author % PEOPLE.len(), content, pause });
            pause = 1 + u32::try_from(self.below(4)).unwrap_or_default();
        }
        self.rest.reverse();
    }
}

impl Iterator for Talk {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.rest.is_empty() {
            self.begin();
        }
        self.rest.pop()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_speaks_everywhere_and_no_gap_is_left() {
        assert_eq!(CONVERSATIONS.len(), 1 + CHANNELS.len());
        for channel in 0..CONVERSATIONS.len() {
            let lines: Vec<_> = Talk::of(channel).take(300).collect();
            assert_eq!(lines.iter().map(|line| line.author).collect::<HashSet<_>>().len(), PEOPLE.len());
            for line in &lines {
                assert!(!line.content.contains(['{', '}']) && line.pause > 0, "{}", line.content);
                assert_eq!(line.channel, channel);
            }
        }
    }
}
