package com.example.shop;

class SoldOutException extends RuntimeException {

	private final String item;

	SoldOutException(String item) {
		super("Nothing left on the shelf of " + item);
		this.item = item;
	}

	String item() {
		return this.item;
	}

}
