import Foundation
import Testing

/// What Xcode makes the app of.
@Suite struct ProjectTests {
    @Test func allThatTheProjectNamesIsThere() throws {
        let project = try Files.text("project.yml")
        var named = 0
        for found in project.matches(of: /(?:path|INFOPLIST_FILE|CODE_SIGN_ENTITLEMENTS): (\S+)/) {
            #expect(exists(String(found.output.1)), "\(found.output.1)")
            named += 1
        }
        let excluded = try #require(project.firstMatch(of: /excludes: \[(.*)\]/)).output.1
        for name in excluded.split(separator: ", ") { #expect(exists("App/\(name)"), "\(name)") }
        #expect(named == 5)
        for found in project.matches(of: /ASSETCATALOG_COMPILER_\w+: (\w+)/) {
            let sets = Files.all("\(found.output.1).colorset/Contents.json", below: Files.demo.appending(path: "App/Assets.xcassets"))
                + Files.all("\(found.output.1).appiconset/Contents.json", below: Files.demo.appending(path: "App/Assets.xcassets"))
            #expect(sets.count == 1, "\(found.output.1)")
        }
        #expect(exists("App/Assets.xcassets/AppIcon.appiconset/icon.png"))
        let package = try Files.text("Package.swift") + Files.text("../bindings/swift/Package.swift")
        let products = project.matches(of: /product: (\w+)/).map { $0.output.1 }
        #expect(products == ["FlashpaperDemoModel", "FlashpaperKit", "FlashpaperApple"])
        for product in products { #expect(package.contains("name: \"\(product)\"")) }
        // The package's system and the project's are the same.
        #expect(project.contains("deploymentTarget: \"17.0\"") && package.contains(".iOS(.v17)"))
    }

    @Test func theCameraIsAskedForAndNothingElse() throws {
        let info = try plist("App/Info.plist")
        #expect((info["NSCameraUsageDescription"] as? String)?.isEmpty == false)
        let asked = try JSONSerialization.jsonObject(with: Data(try Files.text("App/InfoPlist.xcstrings").utf8)) as? [String: Any]
        let texts = (asked?["strings"] as? [String: [String: Any]])?["NSCameraUsageDescription"]?["localizations"] as? [String: Any]
        #expect(texts?.keys.sorted() == ["en", "fa"])
        #expect(info.keys.filter { $0.hasPrefix("NS") } == ["NSCameraUsageDescription"])
        #expect(info["UIBackgroundModes"] == nil, "nothing runs while the app is away: there is no push either")
        #expect(info["ITSAppUsesNonExemptEncryption"] as? Bool == true)
        #expect(info["UIFileSharingEnabled"] == nil && info["LSSupportsOpeningDocumentsInPlace"] == nil)
        #expect(info["CFBundleLocalizations"] as? [String] == ["en", "fa"])
        let sources = try Files.all(".swift", below: Files.demo.appending(path: "App")).map { try Files.text("App/\($0)") }
        let uses = sources.joined()
        #expect(uses.contains("requestAccess(for: .video)"))
        for other in ["PHPhoto", "CLLocation", "CNContact", "AVAudioSession", "UNUserNotification"] { #expect(!uses.contains(other)) }
    }

    @Test func filesAreProtectedAndNothingIsShared() throws {
        let rights = try plist("App/FlashpaperDemo.entitlements")
        #expect(rights.count == 1)
        let level = rights["com.apple.developer.default-data-protection"] as? String
        #expect(level == "NSFileProtectionCompleteUntilFirstUserAuthentication")
        let privacy = try plist("App/PrivacyInfo.xcprivacy")
        #expect(privacy["NSPrivacyTracking"] as? Bool == false && (privacy["NSPrivacyCollectedDataTypes"] as? [Any])?.isEmpty == true)
        let app = try Files.text("App/FlashpaperDemoApp.swift")
        #expect(app.contains("KeychainKeySource(") && app.contains("DataProtection.folder(") && !app.contains("key: .file"))
        #expect(app.contains("case .inactive: app.cover()"), "the switcher shows the screen")
        #expect(app.contains(".background(Touches { app.touch() })"), "the store locks itself under a finger")
    }

    private func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: Files.demo.appending(path: path).path)
    }

    private func plist(_ path: String) throws -> [String: Any] {
        let data = Data(try Files.text(path).utf8)
        return try #require(try PropertyListSerialization.propertyList(from: data, format: nil) as? [String: Any])
    }
}
