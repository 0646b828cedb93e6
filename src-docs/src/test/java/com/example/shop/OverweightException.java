package com.example.shop;

class OverweightException extends Exception {

	OverweightException(int kilograms) {
		super("The scales end at 30 kg, this is " + kilograms);
	}

}
