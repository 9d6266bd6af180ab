import FlashpaperKit

/// The way through the screens: each on it has a model, which lives until it is left.
extension AppModel {
    /// The model of a screen on the way, or of one that was left just now.
    public func page(_ screen: Screen) -> Page? { pages[screen] }

    /// One screen back.
    public func back() { if state.canGoBack { went(back: state.way.count - 1) } }

    /// Back to the screen of this place, of which the first is 1.
    public func went(back count: Int) {
        guard (1..<state.way.count).contains(count) else { return }
        show(Array(state.way.prefix(count)))
        pages[state.screen]?.model.returned()
    }

    /// The first of the two touches of a panic.
    public func panic() { if state.canPanic { show(state.way + [.panic]) } }

    /// Opens the settings, those of a burner in addition.
    public func settings(_ burner: BurnerID? = nil) { if library != nil { go(to: .settings(burner)) } }

    /// One screen further.
    func go(to screen: Screen) { if beneath.last != screen { lead(to: beneath + [screen]) } }

    /// The way without the panic screen on top of it.
    var beneath: [Screen] { state.screen == .panic ? state.way.dropLast() : state.way }

    /// Shows this way, as what happens by itself does. The panic screen stays on top of it, so that nothing slips under the finger
    /// of a person in danger; and after a panic there is nothing left to lead to.
    func lead(to way: [Screen]) {
        guard state.screen == .panic else { return show(way) }
        if !hasPanicked { show(way + [.panic]) }
    }

    /// This way and no other. A screen that is on both keeps what it has.
    func show(_ way: [Screen]) {
        // Those that are left are on the display until they have moved away.
        pages = pages.filter { state.way.contains($0.key) || way.contains($0.key) }
        for screen in state.way where !way.contains(screen) { pages[screen]?.model.leave() }
        for screen in way where pages[screen] == nil || !state.way.contains(screen) { pages[screen] = make(screen) }
        // A burner may be gone at the moment of the touch.
        state.way = way.filter { pages[$0] != nil }
        refresh()
    }

    /// The first screen that there is something to do at: where the user has connected before, Tor comes back by itself.
    func home() {
        let isConnected = library.map { $0.state.tor != .off || hasConnected && !$0.state.burners.isEmpty } ?? false
        lead(to: isConnected ? [.burners] : [.start])
    }

    /// A burner was made or restored: its contacts come next, and before them its words, which are shown once.
    func made(_ burner: BurnerID, withWords: Bool) {
        guard library?.burner(burner) != nil else { return }
        lead(to: [.burners, .contacts(burner)] + (withWords ? [.words(burner)] : []))
    }

    /// A burn has ended: its report takes the place of all of the burner's screens. Where the user is busy elsewhere it goes beneath,
    /// so that nothing is taken from under their fingers, and they meet it on the way back.
    func burnt(_ badge: BurnerBadge, _ report: BurnReport) {
        guard library != nil, !beneath.contains(.unlock) else { return }
        reports[badge.burner] = (badge, report)
        let screen = Screen.burnReport(badge.burner)
        func isOf(_ other: Screen) -> Bool { other.burner == badge.burner || [.burn(badge.burner), screen].contains(other) }
        let others = beneath.filter { $0 != .burners && !isOf($0) }
        let isFree = beneath.last.map { $0 == .burners || isOf($0) } ?? true
        lead(to: [.burners] + (isFree ? others + [screen] : [screen] + others))
    }

    private func make(_ screen: Screen) -> Page? {
        switch screen {
        case .start: .start(StartModel(self))
        case .creating: .creating(CreatingModel(self))
        case .burners: .burners(BurnersModel(self))
        case .restore: .restore(RestoreModel(self))
        case .contacts(let id): ContactsModel(self, id).map { .contacts($0) }
        case .chat(let id, let peer): ChatModel(self, id, peer).map { .chat($0) }
        case .verify(let id, let peer): VerifyModel(self, id, peer).map { .verify($0) }
        case .words(let id): WordsModel(self, id).map { .words($0) }
        case .settings(let id): .settings(SettingsModel(self, id))
        case .burn(let id): BurnModel(self, id).map { .burn($0) }
        case .burnReport(let id): reports[id].map { .burnReport(BurnReportModel(self, id, $0.0, $0.1)) }
        case .panic: .panic(PanicModel(self))
        case .unlock: .unlock(UnlockModel(self))
        }
    }
}
