import FlashpaperKit
import Foundation

extension HistoryChoice {
    var history: History {
        switch self {
        case .none: .none
        case .oneDay: .expire(after: .seconds(86_400))
        case .oneWeek: .expire(after: .seconds(7 * 86_400))
        case .untilBurn: .untilBurn
        }
    }

    var key: TextKey {
        switch self {
        case .none: .historyNone
        case .oneDay: .historyDay
        case .oneWeek: .historyWeek
        case .untilBurn: .historyUntilBurn
        }
    }
}

extension History {
    /// How long it keeps a text that is read or delivered.
    var length: Duration {
        switch self {
        case .none: .zero
        case .expire(let after): after
        case .untilBurn: .seconds(Int64.max)
        }
    }
}

extension ExpiryChoice {
    var duration: TimeInterval? {
        switch self {
        case .never: nil
        case .oneHour: 3600
        case .oneDay: 86_400
        case .oneWeek: 7 * 86_400
        case .oneMonth: 30 * 86_400
        }
    }

    var key: TextKey {
        switch self {
        case .never: .expiryNever
        case .oneHour: .expiryHour
        case .oneDay: .expiryDay
        case .oneWeek: .expiryWeek
        case .oneMonth: .expiryMonth
        }
    }
}

extension AutoLock {
    var key: TextKey {
        switch self {
        case .oneMinute: .autoLockMinute
        case .fiveMinutes: .autoLockFive
        case .oneHour: .autoLockHour
        case .never: .autoLockNever
        }
    }
}

extension Licence {
    /// What the app is made of.
    static let all = [
        ("Flashpaper", "MIT / Apache-2.0"),
        ("Arti (The Tor Project)", "MIT / Apache-2.0"),
        ("tokio-xmpp, xmpp-parsers", "MPL-2.0"),
        ("RustCrypto", "MIT / Apache-2.0"),
        ("rustls", "Apache-2.0 / ISC / MIT"),
        ("SQLite", "Public Domain"),
        ("UniFFI", "MPL-2.0"),
    ].map { Licence(name: Verbatim($0), licence: Verbatim($1)) }
}
