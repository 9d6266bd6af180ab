import FlashpaperDemoModel
import Foundation
import SwiftUI
import UIKit

/// One text, from whom it is, and how far it is or how it came.
struct BubbleView: View {
    let bubble: Bubble
    let model: ChatModel

    var body: some View {
        VStack(spacing: 4) {
            if bubble.isFirstUnread {
                Text(TextKey.chatFirstUnread).font(.footnote.weight(.semibold)).foregroundStyle(Color.accentColor)
            }
            VStack(alignment: .leading, spacing: 4) {
                Text(linked).privacySensitive()
                ViewThatFits {
                    HStack(spacing: 6) { marks }
                    VStack(alignment: .leading, spacing: 2) { marks }
                }
                .font(.caption)
                if bubble.canRetry {
                    Button(TextKey.retry.string, systemImage: "arrow.clockwise") { model.retry(bubble.id) }
                        .buttonStyle(.bordered)
                        .controlSize(.small)
                }
            }
            .padding(10)
            .background(bubble.kind.color, in: RoundedRectangle(cornerRadius: 16))
            .overlay { RoundedRectangle(cornerRadius: 16).stroke(bubble.kind.edge, lineWidth: 1.5) }
            .frame(maxWidth: .infinity, alignment: bubble.kind.isMine ? .trailing : .leading)
            .padding(bubble.kind.isMine ? .leading : .trailing, 40)
        }
        .contextMenu {
            CopyButton(text: bubble.text, copied: model.copied)
            if bubble.canRetry { Button(TextKey.retry.string, systemImage: "arrow.clockwise") { model.retry(bubble.id) } }
            Button(TextKey.delete.string, systemImage: "trash", role: .destructive) { model.delete(bubble.id) }
        }
        .environment(\.openURL, OpenURLAction { link in
            MainActor.assumeIsolated { model.touchLink(link.absoluteString) }
            return .handled
        })
        .accessibilityElement(children: .combine)
        .accessibilityLabel(bubble.spoken.string)
    }

    @ViewBuilder private var marks: some View {
        SignLabel(sign: bubble.sign)
        Text(Words.string(bubble.at)).foregroundStyle(.secondary).fixedSize()
    }

    /// The text with its web links to touch: the model asks before one is used.
    private var linked: AttributedString {
        var text = AttributedString(bubble.text.text)
        for link in bubble.links {
            let start = text.index(text.startIndex, offsetByCharacters: link.lowerBound)
            let end = text.index(start, offsetByCharacters: link.count)
            text[start..<end].link = URL(string: String(text[start..<end].characters))
        }
        return text
    }
}

extension BubbleKind {
    var isMine: Bool { self == .mine }

    var color: Color {
        switch self {
        case .mine: Color.accentColor.opacity(0.16)
        case .theirs: Color(uiColor: .systemGray5)
        case .theirsInTheClear: Color.orange.opacity(0.12)
        case .theirsByOtherKey: Color.red.opacity(0.1)
        }
    }

    /// What came unprotected, or by an unknown key, has an edge, so that it never looks like the rest.
    var edge: Color {
        switch self {
        case .mine, .theirs: .clear
        case .theirsInTheClear: .orange
        case .theirsByOtherKey: .red
        }
    }
}
