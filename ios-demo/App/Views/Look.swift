import FlashpaperDemoModel
import SwiftUI
import UIKit

extension Mark {
    /// The name of its picture among Apple's symbols.
    var symbol: String {
        switch self {
        case .open: "lock.open"
        case .waiting: "clock"
        case .lock: "lock.fill"
        case .lockHalf: "lock.circle"
        case .shield: "checkmark.shield.fill"
        case .keyChanged: "key.fill"
        case .ended: "lock.slash"
        case .blocked: "nosign"
        case .stranger: "person.fill.questionmark"
        case .held: "hand.raised.fill"
        case .fire: "flame.fill"
        case .tick: "checkmark"
        case .atServer: "checkmark.circle"
        case .ticks: "checkmark.circle.fill"
        case .failed: "exclamationmark.circle.fill"
        case .offline: "wifi.slash"
        case .connecting: "arrow.triangle.2.circlepath"
        case .online: "dot.radiowaves.left.and.right"
        case .tor: "network"
        case .info: "info.circle"
        case .warning: "exclamationmark.triangle.fill"
        case .clock: "clock.badge.exclamationmark"
        case .server: "server.rack"
        case .expiry: "hourglass"
        }
    }
}

extension Tone {
    var color: Color {
        switch self {
        case .quiet: .secondary
        case .calm: .blue
        case .good: .green
        case .caution: .orange
        case .danger: .red
        }
    }
}

extension BurnerColor {
    var color: Color {
        switch self {
        case .teal: shades(0.49, 0.9)
        case .indigo: shades(0.67, 0.6)
        case .violet: shades(0.76, 0.6)
        case .pink: shades(0.91, 0.7)
        case .brown: shades(0.07, 0.6)
        case .olive: shades(0.17, 0.8)
        case .slate: shades(0.58, 0.35)
        case .plum: shades(0.84, 0.6)
        }
    }

    /// One for light and one for dark: both are told apart from what is behind them, and from white on top of them.
    private func shades(_ hue: CGFloat, _ saturation: CGFloat) -> Color {
        Color(
            uiColor: UIColor { traits in
                let isDark = traits.userInterfaceStyle == .dark
                return UIColor(
                    hue: hue, saturation: isDark ? saturation * 0.75 : saturation, brightness: isDark ? 0.72 : 0.52, alpha: 1)
            })
    }
}

/// Word, icon and colour of one thing.
struct SignLabel: View {
    let sign: Sign

    var body: some View {
        Label {
            Text(sign.text)
        } icon: {
            Image(systemName: sign.mark.symbol).accessibilityHidden(true)
        }
        .foregroundStyle(sign.tone.color)
    }
}

/// What does not work, and what to do about it.
struct ProblemRow: View {
    let problem: Problem
    let retry: (@MainActor () -> Void)?

    var body: some View {
        VStack(alignment: .leading, spacing: 6) {
            SignLabel(sign: problem.sign).font(.headline)
            Text(problem.advice).font(.subheadline)
            if problem.canRetry, let retry {
                Button(TextKey.retry.string, systemImage: "arrow.clockwise", action: retry).buttonStyle(.bordered)
            }
        }
        .accessibilityElement(children: .contain)
    }
}

/// What is told once.
struct NoteRow: View {
    let note: Note
    let dismiss: @MainActor () -> Void

    var body: some View {
        HStack(alignment: .top) {
            Text(note.text).font(.subheadline).foregroundStyle(note.tone.color).frame(maxWidth: .infinity, alignment: .leading)
            Button(TextKey.dismiss.string, systemImage: "xmark", action: dismiss)
                .labelStyle(.iconOnly)
                .buttonStyle(.borderless)
        }
    }
}

/// A burner's own picture: five columns, the outer ones the same on both sides.
struct BurnerPicture: View {
    let badge: BurnerBadge
    let size: CGFloat

    var body: some View {
        VStack(spacing: 0) {
            ForEach(badge.picture.indices, id: \.self) { row in
                HStack(spacing: 0) {
                    ForEach(badge.picture[row].indices, id: \.self) { column in
                        Rectangle()
                            .fill(badge.picture[row][column] ? Color.white : badge.color.color)
                            .frame(width: size / 7, height: size / 7)
                    }
                }
            }
        }
        .padding(size / 7)
        .background(badge.color.color, in: RoundedRectangle(cornerRadius: size / 5))
        .accessibilityHidden(true)
    }
}

/// Who speaks: on top of each screen that belongs to a burner, in the burner's colour.
struct BadgeStrip: View {
    let badge: BurnerBadge
    /// The words around its name.
    var says = TextKey.burnerSpeaks

    var body: some View {
        HStack(spacing: 10) {
            BurnerPicture(badge: badge, size: 28)
            Text(Words.string(says, [.verbatim(badge.label.breakable)])).font(.subheadline.weight(.semibold)).privacySensitive()
                .frame(maxWidth: .infinity, alignment: .leading)
        }
        .padding(.horizontal, 16)
        .padding(.vertical, 8)
        .background(badge.color.color.opacity(0.18))
        .accessibilityElement(children: .combine)
        .accessibilityLabel(Words.string(says, [.verbatim(badge.label)]))
    }
}

/// A field to write in. Nothing that is written is corrected, completed or learnt.
struct FieldRow: View {
    let title: String
    let field: Field
    var isSecret = false
    var isLong = false
    var keyboard = UIKeyboardType.default
    /// A title stands above what was written.
    var keepsTitle = true
    /// Its title stands above it anyway: the field has a frame instead of words in it.
    var isFramed = false
    let write: @MainActor (String) -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            if keepsTitle, !isFramed, !field.text.text.isEmpty { Text(title).font(.caption).foregroundStyle(.secondary) }
            framed
                .accessibilityLabel(title)
                .autocorrectionDisabled()
                .textInputAutocapitalization(.never)
                .keyboardType(keyboard)
                .disabled(!field.enabled)
                .privacySensitive()
            if let fault = field.fault { Text(fault).font(.footnote).foregroundStyle(.red) }
        }
    }

    @ViewBuilder private var framed: some View { if isFramed { input.textFieldStyle(.roundedBorder) } else { input } }

    @ViewBuilder private var input: some View {
        let text = Binding { field.text.text } set: { write($0) }
        let prompt = isFramed ? "" : title
        if isSecret {
            SecureField(prompt, text: text)
        } else {
            TextField(prompt, text: text, axis: isLong ? .vertical : .horizontal)
        }
    }
}

/// Several things of which one is chosen.
struct OptionsRow<Value: Hashable & Sendable>: View {
    let title: String
    let options: [Option<Value>]
    let choose: @MainActor (Value) -> Void

    var body: some View {
        Picker(title, selection: Binding { options.first { $0.chosen }?.value } set: { if let value = $0 { choose(value) } }) {
            ForEach(options, id: \.value) { Text($0.text).tag(Value?.some($0.value)) }
        }
    }
}

extension View {
    /// Asks once more before something that cannot be taken back.
    func asks(
        _ confirmation: Confirmation?, yes: @escaping @MainActor () -> Void, no: @escaping @MainActor () -> Void
    ) -> some View {
        confirmationDialog(
            confirmation?.title.string ?? "", isPresented: Binding { confirmation != nil } set: { isShown in
                // SwiftUI does not say whether this or the button's action comes first. The question goes only after the action.
                if !isShown { Task { @MainActor in no() } }
            },
            titleVisibility: .visible
        ) {
            if let confirmation {
                Button(confirmation.yes.string, role: confirmation.tone == .danger ? .destructive : nil, action: yes)
                Button(confirmation.no.string, role: .cancel, action: no)
            }
        } message: {
            if let confirmation { Text(confirmation.text) }
        }
    }

    /// Says which burner a screen belongs to, if it belongs to one.
    func belongs(to badge: BurnerBadge?, says: TextKey = .burnerSpeaks) -> some View {
        safeAreaInset(edge: .top, spacing: 0) {
            if let badge { BadgeStrip(badge: badge, says: says) }
        }
        .tint(badge?.color.color)
    }
}
