import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperKit

extension OnTheLab {
    /// Opening, keys and ends: without a network.
    @Suite struct OpeningTests {
        let home: Home

        init() throws {
            home = try Home()
        }

        @Test func aPanicNeedsNothingOpenAndEndsTheRest() async throws {
            let keys = Keys()
            let library = try await home.open(.source(keys))
            let (states, events) = (library.states(), library.events())
            #expect(keys.slots.count == 1)
            for _ in 1...2 {
                #expect(FlashpaperLibrary.panic(folder: home.folder, keys: keys) == PanicReport())
            }
            #expect(keys.slots.isEmpty && !FileManager.default.fileExists(atPath: home.folder.path))
            for await _ in events {}
            #expect(await states.reduce(nil) { $1 }?.life == .closed)
            await #expect(throws: FlashpaperError.closed) { try await library.burnAll() }
            await library.close()
        }

        @Test func aPanicWithoutAccountsLeavesNoTicket() async throws {
            let library = try await home.open()
            await #expect(throws: FlashpaperError.invalidInput(.ticket)) { try await library.redeem(Data("none".utf8)) }
            #expect(FlashpaperLibrary.panicWithTicket(folder: home.folder) == TicketedPanic(report: PanicReport(), ticket: nil))
            await library.close()
        }

        @Test func whatNobodyTouchesLocksItselfAndTheKeyBringsItBack() async throws {
            try await home.with { library in
                try await library.setAutoLock(after: .seconds(1))
                library.touch()
                try await reach(library.states(), "locked") { $0.life == .locked }
                await #expect(throws: FlashpaperError.vaultLocked) { try await library.pendingRemovals() }
                let again = try await home.open()
                #expect(again.state.life == .suspended)
                try await again.setAutoLock(after: nil)
                try await again.resume()
                try await reach(library.states(), "awake") { $0.life == .awake }
            }
        }

        @Test func theDuressPassphraseOpensAnEmptyFolder() async throws {
            let (right, duress) = (Data("right".utf8), Data("duress".utf8))
            let library = try await home.open(.passphrase(right))
            await #expect(throws: FlashpaperError.invalidInput(.samePassphrase)) { try await library.setDuress(right) }
            try await library.setDuress(duress)
            let empty = try await home.open(.passphrase(duress))
            await #expect(throws: FlashpaperError.closed) { try await library.pendingRemovals() }
            #expect(empty.state.burners.isEmpty)
            await #expect(throws: FlashpaperError.vaultLocked) { try await home.open(.passphrase(right)) }
            await empty.close()
            await library.close()
        }

        @Test func aKeySourceOpensItsSealAndEachFailureHasItsKind() async throws {
            let (keys, passphrase) = (Keys(), Data("in addition".utf8))
            let library = try await home.open(.source(keys))
            try await library.changeKey(.source(keys, passphrase: passphrase))
            #expect(keys.slots == [.first])
            await library.close()
            let wrong = Data("wrong".utf8)
            for key in [Key.source(keys), .passphrase(passphrase), .source(keys, passphrase: wrong)] {
                await #expect(throws: FlashpaperError.vaultLocked) { try await home.open(key) }
            }

            var failures: [(any Error, FlashpaperError)] = KeySourceError.allCases.map { kind in
                switch kind {
                case .needsUserAuth: (kind, .keyDenied)
                case .lockedUntilFirstUnlock: (kind, .keyLocked)
                case .invalidated: (kind, .keyLost)
                case .full: (kind, .storageFull)
                case .unavailable: (kind, .keyUnavailable)
                }
            }
            // An error that no contract has.
            failures.append((CocoaError(.featureUnsupported), .keyUnavailable))
            for (failure, expected) in failures {
                keys.failure = failure
                await #expect(throws: expected) { try await home.open(.source(keys, passphrase: passphrase)) }
            }
            keys.failure = nil
            try await home.open(.source(keys, passphrase: passphrase)).close()
            try keys.delete(slot: .second)
            await #expect(throws: FlashpaperError.keyLost) { try await home.open(.source(keys, passphrase: passphrase)) }
        }

        @Test func aFolderThatIsOpenGivesTheSameLibraryAtTheSameTime() async throws {
            async let one = home.open()
            async let other = home.open()
            let (first, second) = (try await one, try await other)
            try await first.suspend()
            try await reach(second.states(), "suspended") { $0.life == .suspended }
            let third = try await home.open()
            #expect(third.state.life == .suspended, "opening does not wake")
            try await third.resume()
            await first.close()
            await #expect(throws: FlashpaperError.closed) { try await second.resume() }
            try await home.with { library in #expect(library.state.life == .awake) }
        }

        @Test func deadlinesOfAllLengthsAreTaken() async throws {
            try await home.with { library in
                let endless = Duration(secondsComponent: .max, attosecondsComponent: 0)
                try await library.suspend(deadline: endless)
                #expect(library.state.life == .suspended)
                try await library.resume()
                // No time at all may be too short, and that is told.
                do { try await library.suspend(deadline: .zero) } catch FlashpaperError.timeout {}
                try await reach(library.states(), "suspended") { $0.life == .suspended }
                try await library.lock()
                #expect(library.state.life == .locked && library.state.burners.isEmpty)
                await #expect(throws: FlashpaperError.vaultLocked) { try await library.resume() }
            }
        }

        @Test func aReaderEndsWithItsTask() async throws {
            try await home.with { library in
                let events = library.events()
                let reader = Task { for await _ in events {} }
                let states = Task { for await _ in library.states() {} }
                // They wait by now.
                try await Task.sleep(for: .milliseconds(200))
                reader.cancel()
                states.cancel()
                await reader.value
                await states.value
            }
        }

        @Test func diagnosticsTellNoAddress() async throws {
            try await home.with { library in
                let text = await library.diagnostics()
                #expect(!text.isEmpty && !text.contains("burner.test") && !text.contains(home.folder.path))
            }
        }
    }
}
