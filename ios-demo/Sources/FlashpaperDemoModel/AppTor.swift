import FlashpaperKit

/// Tor, as the app starts it and tells of it.
extension AppModel {
    /// Connects to Tor, by the way that the user has chosen. Only what the user touches leads here.
    func startTor() {
        guard let library else { return }
        starting?.cancel()
        hasConnected = true
        notStarted = nil
        torBefore = library.state.tor
        starting = Task { [entry = choices.entry, stopping] in
            // A Tor that is being ended is not to take this one with it.
            await stopping?.value
            var failed: FlashpaperError?
            do throws(FlashpaperError) { try await library.startTor(entry) } catch { failed = error }
            // Another one may have begun.
            guard !Task.isCancelled else { return }
            starting = nil
            notStarted = failed
            // The lines are where they can be mended.
            if bridgeFault != nil, !state.way.contains(.start) { lead(to: [.start]) }
            refresh()
        }
        refresh()
    }

    /// Another way was chosen: Tor by the old one, if it is not ready, ends. It would go on trying also where the call has
    /// failed.
    func giveUpTry() {
        guard let library, library.state.tor != .ready else { return }
        starting?.cancel()
        stopping = Task { [starting, stopping] in
            await starting?.value
            await stopping?.value
            // Closed, it has none.
            try? await library.stopTor()
        }
        starting = nil
        refresh()
    }

    var isStarting: Bool { starting != nil }

    /// How far Tor is. What an earlier try has left counts no more once another has begun.
    var tor: Tor {
        let now = library?.state.tor ?? .off
        return isStarting && now == torBefore && now != .ready ? .connecting(0, .connecting) : now
    }

    /// An error that stands in the way of Tor now.
    var torProblem: FlashpaperError? {
        switch tor {
        case .blocked(let why): why
        // It goes on by itself, but nobody is asked to wait before any relay has answered.
        case .off, .connecting(_, .connecting): notStarted
        // Then it is what an earlier run left that could not be settled.
        case .ready, .connecting: nil
        }
    }

    /// Waits until Tor is ready; throws what stands in its way, once the try that goes on has ended.
    func waitForTor() async throws -> any Flashpaper {
        guard let library else { throw FlashpaperError.closed }
        while let starting, library.state.tor != .ready {
            let waiting = Task { await library.waits { $0 == .ready } }
            Task {
                await starting.value
                waiting.cancel()
            }
            await withTaskCancellationHandler { await waiting.value } onCancel: { waiting.cancel() }
            try Task.checkCancellation()
        }
        if torProblem == nil { await library.waits { if case .connecting = $0 { false } else { true } } }
        try Task.checkCancellation()
        // Where it has ended with the last burner, the library starts it again for the next.
        if let torProblem { throw torProblem }
        return library
    }

    func forgetBridgeFault() { if bridgeFault != nil { notStarted = nil } }
}

extension Flashpaper {
    /// Waits until Tor is so far, or the task is cancelled.
    fileprivate func waits(until isSo: @escaping @Sendable (Tor) -> Bool) async {
        for await state in states() where isSo(state.tor) { return }
    }
}
