import Testing

/// All tests that need the lab: one Tor client may run in a process, so one at a time.
@Suite(.serialized, .timeLimit(.minutes(15)))
enum OnTheLab {}
