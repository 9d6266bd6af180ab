import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperKit

extension OnTheLab {
    /// What many events and calls leave behind.
    @Suite struct LoadTests {
        let home: Home

        init() throws {
            home = try Home()
        }

        @Test func tenThousandEventsComeInOrderAndNothingGrows() async throws {
            let count = 10_000
            try await home.with { library in
                let engine = try #require(library as? Library).engine
                let events = library.events()
                async let reported: Void = engine.reportForTests(count: UInt32(count))
                var (fractions, numbers, before) = ([Float](), [UInt64](), (threads: 0, files: 0))
                for await numbered in events {
                    guard case .tor(let fraction, _, _, _) = numbered.event else { continue }
                    fractions.append(fraction)
                    numbers.append(numbered.number)
                    // The first ones start threads that stay.
                    if fractions.count == count / 10 { before = try threadsAndFiles() }
                    if fractions.count == count { break }
                }
                try await reported
                #expect(fractions == (0..<count).map { Float($0) / Float(count) })
                #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
                let after = try threadsAndFiles()
                #expect(after.threads - before.threads < 8 && after.files - before.files < 8, "\(before), \(after)")
            }
        }

        @Test func aLateReaderIsToldHowManyItHasMissedAndGoesOn() async throws {
            let count: UInt64 = 10_000
            try await home.with { library in
                let engine = try #require(library as? Library).engine
                try await engine.reportForTests(count: UInt32(count))
                try await reach(library.states(), "so many events") { $0.number >= count }
                let last = library.state.number
                var numbers: [UInt64] = []
                for await numbered in library.events(since: 1) {
                    if numbers.isEmpty { #expect(numbered.event == .lagged(lost: numbered.number - 1)) }
                    numbers.append(numbered.number)
                    if numbered.number == last { Task { try await engine.reportForTests(count: 3) } }
                    if numbered.number == last + 3 { break }
                }
                #expect(numbers.count > 3 && zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
            }
        }

        @Test func aThousandCallsLeaveNothing() async throws {
            try await home.with { library in
                func calls(_ count: Int) async throws {
                    for _ in 0..<count {
                        _ = try await library.pendingRemovals()
                        for await _ in library.states() { break }
                        _ = library.events()
                        await #expect(throws: FlashpaperError.torNotStarted) { try await library.create(burnerTest).burner }
                    }
                }
                try await calls(100)
                let before = try threadsAndFiles()
                try await calls(1_000)
                let after = try threadsAndFiles()
                #expect(after.threads - before.threads < 8 && after.files - before.files < 8, "\(before), \(after)")
            }
        }

        @Test func openingAgainAndReadingTimelinesLeaveNothing() async throws {
            try await home.with { library in
                try await library.startTor()
                let burner = try await library.create(burnerTest).burner
                let chat = try await burner.add("nobody-at-all@burner.test")
                try await chat.send("waits")
                var (libraries, engines) = ([Weak<Library>](), [Weak<FfiEngine>]())
                func calls(_ count: Int) async throws {
                    for _ in 0..<count {
                        let opened = try await home.open() as? Library
                        libraries.append(Weak(opened))
                        engines.append(Weak(opened?.engine))
                        #expect(opened?.state.burners.count == 1)
                        for await page in chat.timeline() {
                            #expect(page.count == 1)
                            break
                        }
                    }
                }
                for count in 0..<100 {
                    try await burner.setLabel("\(count)")
                    await Task.yield()
                    #expect(burner.state.label == "\(count)", "a state that was taken before came back")
                }
                try await calls(50)
                let before = try threadsAndFiles()
                try await calls(500)
                let after = try threadsAndFiles()
                // Opening has some threads of a pool work, which go when they had nothing to do for a while.
                #expect(after.threads - before.threads < 50 && after.files - before.files < 8, "\(before), \(after)")
                #expect(libraries.allSatisfy { $0.object == nil } && engines.allSatisfy { $0.object == nil })
                try await burner.burn()
            }
        }

        private struct Weak<Object: AnyObject> {
            weak var object: Object?

            init(_ object: Object?) {
                self.object = object
            }
        }

        @Test func aLibraryThatNobodyHasIsGone() async throws {
            weak var library: Library?
            do {
                let opened = try await home.open()
                library = opened as? Library
                #expect(library != nil)
                let reader = Task { [states = opened.states()] in for await _ in states {} }
                await opened.close()
                await reader.value
            }
            #expect(library == nil, "something holds on to it")
        }

        @Test func whatIsReadKeepsTheLibrary() async throws {
            try await isKept { $0.states() }
            try await isKept { $0.events() }
        }

        private func isKept<T>(by read: (any Flashpaper) -> AsyncStream<T>) async throws {
            weak var library: Library?
            do {
                // A folder of its own: one that was let go without `close` is free a moment later.
                var opened: (any Flashpaper)? = try await Home().open()
                library = opened as? Library
                let stream = read(try #require(opened))
                opened = nil
                #expect(library != nil)
                try await library?.engine.reportForTests(count: 1)
                if library != nil { #expect(await stream.first { _ in true } != nil) }
            }
            #expect(library == nil, "something holds on to it")
        }
    }
}
