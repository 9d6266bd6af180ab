import FlashpaperDemoModel
import Foundation
import SwiftUI

/// The app's strings, as the model names them.
@MainActor
enum Words {
    /// Gives a string of the catalogue in the user's language.
    static var table: (String) -> String = { Bundle.main.localizedString(forKey: $0, value: nil, table: nil) }
    static var locale = Locale.current

    static func string(_ key: TextKey, _ args: [Arg] = []) -> String {
        let format = table(key.rawValue)
        return args.isEmpty ? format : String(format: format, locale: locale, arguments: args.map { string($0) as NSString })
    }

    private static func string(_ arg: Arg) -> String {
        switch arg {
        case .phrase(let phrase): string(phrase.key, phrase.args)
        // Kept apart from the sentence around it: it may be written in the other direction.
        case .verbatim(let words): "\u{2068}\(words.text)\u{2069}"
        case .number(let number): number.formatted(.number.locale(locale))
        case .moment(let moment): string(moment)
        }
    }

    static func string(_ moment: Moment) -> String {
        let style = Date.FormatStyle(date: moment.withDay ? .abbreviated : .omitted, time: .shortened)
        return moment.at.formatted(style.locale(locale))
    }
}

extension Phrase {
    @MainActor var string: String { Words.string(key, args) }
}

extension TextKey {
    @MainActor var string: String { Words.string(self) }
}

extension Verbatim {
    /// A name or an address, which is broken behind a dot or an @ if it has to be. Not for one that can be marked and copied.
    var breakable: Verbatim {
        text.contains("@") ? Verbatim(text.replacing(/[.@]/) { "\($0.output)\u{200B}" }) : self
    }
}

extension SwiftUI.Text {
    @MainActor init(_ phrase: Phrase) { self.init(phrase.string) }
    @MainActor init(_ key: TextKey) { self.init(key.string) }
    @MainActor init(_ words: Verbatim) { self.init(words.text) }

    @MainActor init(name: Verbatim) { self.init(name.breakable) }
}
