#if canImport(Security)
import FlashpaperAPI
import Foundation
import LocalAuthentication
import Security

/// Two keys of the Keychain for one folder, made in the Secure Enclave where the device has one. They never leave the device, and
/// are in no backup.
///
/// **It was parsed, and never compiled or run: there was no Mac.**
///
/// The Keychain asks the user, if the access control says so, on the library's thread: an app has to be in front then.
public final class KeychainKeySource: KeySource {
    /// Who may use the keys, and when.
    public enum Access: Sendable {
        /// Once the device was unlocked for the first time since its start. Background tasks can open the folder.
        case afterFirstUnlock
        /// While the device is unlocked.
        case whenUnlocked
        /// While the device is unlocked, each time with a face, a finger or the device's code.
        case userPresence
        /// While the device is unlocked, each time with a face or finger that was enrolled when the key was made. Once another one
        /// is enrolled the keys are ``KeySourceError/invalidated``, and all that they have sealed is lost.
        case currentBiometry
    }

    private let tag: String
    private let access: Access
    private let inEnclave: Bool
    private let prompt: String?

    /// - Parameters:
    ///   - name: names this folder's keys among those of the app.
    ///   - access: of new keys; those that are there keep theirs.
    ///   - secureEnclave: makes keys in the Secure Enclave. Its keys unseal only on this device. The simulator has none.
    ///   - prompt: the reason that the user is shown where the access control asks.
    public init(
        name: String, access: Access = .afterFirstUnlock, secureEnclave: Bool = true, prompt: String? = nil
    ) {
        tag = "org.flashpaper.\(name)"
        self.access = access
        inEnclave = secureEnclave
        self.prompt = prompt
    }

    public func seal(slot: KeySlot, bytes: Data) throws -> Data {
        try delete(slot: slot)
        let key = try make(slot)
        guard let open = SecKeyCopyPublicKey(key) else { throw KeySourceError.unavailable }
        var error: Unmanaged<CFError>?
        guard let sealed = SecKeyCreateEncryptedData(open, algorithm, bytes as CFData, &error) else {
            throw KeySourceError(error)
        }
        return sealed as Data
    }

    public func unseal(slot: KeySlot, sealed: Data) throws -> Data {
        var error: Unmanaged<CFError>?
        guard let bytes = SecKeyCreateDecryptedData(try find(slot), algorithm, sealed as CFData, &error) else {
            // A seal of another key, or one that was changed, is a wrong parameter. Elsewhere that may pass.
            let failure = error.map { ($0.takeUnretainedValue() as any Error) as NSError }
            let isWrong = failure?.domain == NSOSStatusErrorDomain && failure?.code == Int(errSecParam)
            let kind = KeySourceError(error)
            throw isWrong ? KeySourceError.invalidated : kind
        }
        return bytes as Data
    }

    public func delete(slot: KeySlot) throws {
        let status = SecItemDelete(query(slot) as CFDictionary)
        guard status == errSecSuccess || status == errSecItemNotFound else { throw KeySourceError(status) }
    }

    /// ECIES with AES-GCM: a seal of another key, or one that was changed, does not open.
    private var algorithm: SecKeyAlgorithm { .eciesEncryptionCofactorVariableIVX963SHA256AESGCM }

    private func make(_ slot: KeySlot) throws -> SecKey {
        var error: Unmanaged<CFError>?
        var flags: SecAccessControlCreateFlags = inEnclave ? .privateKeyUsage : []
        let protection: CFString
        switch access {
        case .afterFirstUnlock: protection = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        case .whenUnlocked: protection = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
        case .userPresence:
            protection = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            flags.insert(.userPresence)
        case .currentBiometry:
            protection = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            flags.insert(.biometryCurrentSet)
        }
        guard let control = SecAccessControlCreateWithFlags(nil, protection, flags, &error) else {
            throw KeySourceError(error)
        }
        var attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom, kSecAttrKeySizeInBits: 256,
            kSecPrivateKeyAttrs: [
                kSecAttrIsPermanent: true, kSecAttrApplicationTag: label(slot), kSecAttrAccessControl: control,
            ] as [CFString: Any],
        ]
        if inEnclave { attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave }
        guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &error) else { throw KeySourceError(error) }
        return key
    }

    private func find(_ slot: KeySlot) throws -> SecKey {
        var query = query(slot)
        query[kSecReturnRef] = true
        if let prompt {
            let context = LAContext()
            context.localizedReason = prompt
            query[kSecUseAuthenticationContext] = context
        }
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        guard status == errSecSuccess, let found, CFGetTypeID(found) == SecKeyGetTypeID() else {
            throw KeySourceError(status == errSecSuccess ? errSecInternalError : status)
        }
        // Its type was looked at.
        return found as! SecKey
    }

    private func query(_ slot: KeySlot) -> [CFString: Any] {
        [
            kSecClass: kSecClassKey, kSecAttrApplicationTag: label(slot),
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
        ]
    }

    private func label(_ slot: KeySlot) -> Data {
        switch slot {
        case .first: Data("\(tag).first".utf8)
        case .second: Data("\(tag).second".utf8)
        }
    }
}

extension KeySourceError {
    /// The kind of a status of the Keychain.
    init(_ status: OSStatus) {
        self =
            switch status {
            case errSecUserCanceled, errSecAuthFailed, errSecInteractionRequired: .needsUserAuth
            // Before the first unlock, or behind a lock that allows no question.
            case errSecInteractionNotAllowed, errSecNotAvailable: .lockedUntilFirstUnlock
            // Of a key that biometry has invalidated nothing is left but its absence.
            case errSecItemNotFound, errSecDecode, errSecInvalidKeyRef: .invalidated
            case errSecDiskFull, errSecAllocate: .full
            default: .unavailable
            }
    }

    /// The kind of an error that a function of the Keychain has left.
    init(_ error: Unmanaged<CFError>?) {
        guard let error = error?.takeRetainedValue() as (any Error)? else {
            self = .unavailable
            return
        }
        switch error {
        case let asked as LAError:
            self =
                switch asked.code {
                case .userCancel, .userFallback, .systemCancel, .appCancel, .authenticationFailed, .biometryLockout,
                    .notInteractive:
                    .needsUserAuth
                case .passcodeNotSet, .biometryNotEnrolled, .biometryNotAvailable: .invalidated
                default: .unavailable
                }
        case let error as NSError where error.domain == NSOSStatusErrorDomain:
            self.init(OSStatus(truncatingIfNeeded: error.code))
        default: self = .unavailable
        }
    }
}
#endif
