import Testing

/// The parent of every suite here: they look at the whole host's mounts, groups and processes, so one test runs at a time.
@Suite(.serialized, .enabled(if: Installation.isRoot, "making sandboxes needs root"))
enum EndToEnd {}
