import FlashpaperKit
import Foundation

extension Bubble {
    init(_ message: Message, from name: Verbatim, isFirstUnread: Bool, canRetry: Bool, at now: Date) {
        let came = message.state == .received || message.state == .taken
        let sign = Sign(message)
        let text = Verbatim(message.text)
        let kind: BubbleKind =
            switch message.security {
            case _ where !came: .mine
            case .plaintext: .theirsInTheClear
            case .keyChanged: .theirsByOtherKey
            case .private, .verified, .finished: .theirs
            }
        let mayRetry = if case .failed(let reason) = message.state { reason != .addressLost } else { false }
        self.init(
            id: message.id, kind: kind, text: text, links: message.text.links, at: Moment(message.at, at: now), sign: sign,
            isFirstUnread: isFirstUnread, canRetry: mayRetry && canRetry,
            spoken: came
                ? Phrase(.chatSpokenTheirs, .verbatim(name), .verbatim(text), .phrase(sign.text))
                : Phrase(.chatSpokenMine, .verbatim(text), .phrase(sign.text)))
    }
}

extension String {
    /// Where web links are, in characters.
    fileprivate var links: [Range<Int>] {
        matches(of: /https?:\/\/[^\s<>"]+/.ignoresCase()).map { match in
            let start = distance(from: startIndex, to: match.range.lowerBound)
            return start..<start + match.output.count
        }
    }
}
