/// The longest duration that means anything: 30 years.
private let longest = Duration.seconds(30 * 365 * 86_400)

extension Duration {
    /// Nothing below zero, and at most 30 years.
    package func checked() throws(FlashpaperError) -> Duration {
        guard self >= .zero else { throw .invalidInput(.timeSpan) }
        return min(self, longest)
    }
}

extension Spread {
    /// With a duration that means something.
    package func checked() throws(FlashpaperError) -> Spread {
        switch self {
        case .within(let time): .within(try time.checked())
        case .oneAtATime: self
        }
    }
}

extension History {
    /// With a duration that means something.
    package func checked() throws(FlashpaperError) -> History {
        switch self {
        case .none, .untilBurn: self
        case .expire(let after): .expire(after: try after.checked())
        }
    }
}
