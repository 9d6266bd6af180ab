import Testing
import UIKit

@testable import FlashpaperDemoModel
@testable import FlashpaperDemoViews

@MainActor
@Suite struct ClipboardTests {
    @Test func whatIsForgottenIsTheAppsOwn() {
        Clipboard.put(Verbatim("an address"))
        #expect(UIPasteboard.general.items.count == 1)
        Clipboard.forget()
        #expect(UIPasteboard.general.items.isEmpty)
        Clipboard.put(Verbatim("an address"))
        UIPasteboard.general.items = [["public.utf8-plain-text": "of another app"]]
        Clipboard.forget()
        #expect(UIPasteboard.general.items.count == 1, "another app's words are gone")
    }
}
