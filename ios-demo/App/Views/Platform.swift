import CoreImage
import FlashpaperDemoModel
import Foundation
import SwiftUI
import UIKit

/// Shows the camera's picture and calls back with the code that is in it: `ScanView` in the app.
typealias Scanner = @MainActor (_ found: @escaping @MainActor (String) -> Void) -> AnyView

/// The clipboard for what nobody else is to read: it stays on this device, and is emptied after a minute.
@MainActor
enum Clipboard {
    /// How often the clipboard had changed when this app has put something there.
    private static var count: Int?

    static func put(_ words: Verbatim) {
        UIPasteboard.general.setItems(
            [["public.utf8-plain-text": words.text]],
            options: [.localOnly: true, .expirationDate: Date(timeIntervalSinceNow: 60)])
        count = UIPasteboard.general.changeCount
    }

    /// Takes it away again, but nothing that another app has put there since.
    static func forget() {
        if UIPasteboard.general.changeCount == count { UIPasteboard.general.items = [] }
        count = nil
    }
}

struct CopyButton: View {
    let text: Verbatim
    var copied: @MainActor () -> Void = {}

    var body: some View {
        Button(TextKey.copy.string, systemImage: "doc.on.doc") {
            Clipboard.put(text)
            copied()
        }
    }
}

extension Image {
    /// A PNG or JPEG; the library has looked at its size.
    init(file: Data) { self.init(uiImage: UIImage(data: file) ?? UIImage()) }

    /// A QR code.
    init(code: String) {
        let filter = CIFilter(name: "CIQRCodeGenerator")
        filter?.setValue(Data(code.utf8), forKey: "inputMessage")
        let picture = filter?.outputImage?.transformed(by: CGAffineTransform(scaleX: 8, y: 8))
        let drawn = picture.flatMap { CIContext().createCGImage($0, from: $0.extent) }
        self.init(uiImage: drawn.map { UIImage(cgImage: $0) } ?? UIImage())
    }
}
