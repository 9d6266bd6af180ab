#if canImport(Darwin)
import Foundation

/// A folder for ``FlashpaperLibrary`` that iOS encrypts by the user's code and that no backup has.
///
/// **It was parsed, and never compiled or run: there was no Mac.**
public enum DataProtection {
    /// When files of the folder can be read.
    public enum Level: Sendable {
        /// Once the device was unlocked for the first time since its start: background tasks can open the folder.
        case untilFirstUnlock
        /// While the device is unlocked. The library is to be suspended before the device locks, or it fails.
        case complete
    }

    /// Makes a folder in Application Support, unless it is there, and gives it this protection.
    public static func folder(named name: String = "flashpaper", level: Level = .untilFirstUnlock) throws -> URL {
        let manager = FileManager.default
        let support = try manager.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var folder = support.appendingPathComponent(name, isDirectory: true)
        try manager.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // An account that was burnt must not come back from a backup.
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        #if os(iOS)
        let protection: FileProtectionType =
            switch level {
            case .untilFirstUnlock: .completeUntilFirstUserAuthentication
            case .complete: .complete
            }
        try manager.setAttributes([.protectionKey: protection], ofItemAtPath: folder.path)
        #endif
        return folder
    }
}
#endif
