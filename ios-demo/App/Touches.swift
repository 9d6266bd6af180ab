import SwiftUI
import UIKit
import UIKit.UIGestureRecognizerSubclass

/// Tells each finger that comes down anywhere in the window: a tap, a scroll, in a sheet, too. It takes no touch away from
/// anything. Compiled on Apple's platforms only.
struct Touches: UIViewRepresentable {
    let touched: @MainActor () -> Void

    func makeUIView(context: Context) -> UIView { Feeler(touched) }
    func updateUIView(_ view: UIView, context: Context) {}
}

/// An invisible view: a recognizer belongs to the window, and that is known once a view is in it.
@MainActor
private final class Feeler: UIView {
    private let recognizer: FingerDown

    init(_ touched: @escaping @MainActor () -> Void) {
        recognizer = FingerDown(touched)
        super.init(frame: .zero)
        isUserInteractionEnabled = false
    }

    required init?(coder: NSCoder) { nil }

    override func didMoveToWindow() {
        super.didMoveToWindow()
        recognizer.view?.removeGestureRecognizer(recognizer)
        window?.addGestureRecognizer(recognizer)
    }
}

private final class FingerDown: UIGestureRecognizer {
    private let touched: @MainActor () -> Void

    init(_ touched: @escaping @MainActor () -> Void) {
        self.touched = touched
        super.init(target: nil, action: nil)
        cancelsTouchesInView = false
        delaysTouchesEnded = false
    }

    override func touchesBegan(_ touches: Set<UITouch>, with event: UIEvent) {
        touched()
        // It recognises nothing, so that no other gesture waits for it.
        state = .failed
    }
}
